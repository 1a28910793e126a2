# shellcheck shell=bash
# Shared by every script: where things are, how we speak, how we stop.

set -Eeuo pipefail
trap 'printf "%s: stopped at %s line %s: %s\n" "${SCRIPT:-script}" "${BASH_SOURCE[0]:-$0}" "$LINENO" "$BASH_COMMAND" >&2' ERR

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LOCAL=$ROOT/.local
VENV=$LOCAL/venv
CACHE=$LOCAL/cache
STAMPS=$LOCAL/stamps
SCRIPT=$(basename "$0")

# Exit code of scripts/setup when Debian's archive answers but carries no Odoo 19 any more.
# shellcheck disable=SC2034
EXIT_GONE=4

say() { printf '%s: %s\n' "$SCRIPT" "$*"; }
warn() { printf '%s: warning: %s\n' "$SCRIPT" "$*" >&2; }

# fail WHAT WHY MEND [CODE]: one line, then stop.
fail() {
    printf '%s: %s: %s. Mend: %s\n' "$SCRIPT" "$1" "$2" "$3" >&2
    exit "${4:-1}"
}

have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# The digest of all arguments' contents (files) or of standard input.
digest() {
    if [ $# -gt 0 ]; then cat -- "$@"; else cat; fi | sha256sum | cut -c1-64
}

# A stamp remembers for which input a step was done; a changed input does it again.
stamp_is() { [ -f "$STAMPS/$1" ] && [ "$(cat "$STAMPS/$1")" = "$2" ]; }
stamp_set() { mkdir -p "$STAMPS" && printf '%s\n' "$2" >"$STAMPS/$1"; }
stamp_drop() { rm -f "$STAMPS/$1"; }

# One setup (or template build) at a time per checkout; a second one waits its turn.
# The lock is descriptor 9: give `9>&-` to whatever outlives the script.
lock() {
    mkdir -p "$LOCAL"
    exec 9>"$LOCAL/$1.lock"
    have flock || return 0
    flock -n 9 || { say "waiting for another run in this checkout ($1)"; flock 9; }
}
unlock() { exec 9>&-; }

# A TCP port of 127.0.0.1 nobody listens on, below the range the kernel hands out.
free_port() {
    "$VENV/bin/python" - <<'PY'
import random
import socket

for port in random.sample(range(15000, 30000), 200):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
PY
}

# Makes a secret of letters and digits.
secret() { od -An -N18 -tx1 /dev/urandom | tr -d ' \n'; }
