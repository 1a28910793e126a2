# shellcheck shell=bash
# The virtual environment and its wheels, exactly the pins of requirements/.

PYTHON_RANGE="3.10 to 3.13"

python_fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

# Sets PYTHON_FOUND; PYTHON= of the caller wins and must fit.
find_python() {
    local name
    if [ -n "${PYTHON:-}" ]; then
        python_fits "$PYTHON" || fail "PYTHON=$PYTHON cannot be used" "Odoo 19 wants Python $PYTHON_RANGE" "name another interpreter or leave PYTHON out"
        PYTHON_FOUND=$PYTHON
        return
    fi
    for name in python3 python3.12 python3.11 python3.13 python3.10; do
        if python_fits "$name"; then PYTHON_FOUND=$name; return; fi
    done
    fail "no usable Python" "Odoo 19 wants Python $PYTHON_RANGE" "install python3 or give PYTHON=/path/to/python3"
}

python_identity() {
    "$1" -c 'import sys; print(sys.version.split()[0], sys.base_prefix)' 2>/dev/null || echo none
}

# An environment is ours while its interpreter and the folder it was made in are the same.
python_venv_stands() {
    [ -x "$VENV/bin/python" ] && stamp_is venv "$(python_identity "$VENV/bin/python") $ROOT" &&
        { [ -z "${PYTHON:-}" ] || [ "$(python_identity "$VENV/bin/python")" = "$(python_identity "$PYTHON")" ]; }
}

python_venv() {
    if ! python_venv_stands; then
        find_python
        say "virtual environment: making .local/venv with $("$PYTHON_FOUND" -V)"
        rm -rf "$VENV"
        stamp_drop pins && stamp_drop odoo && stamp_drop oca
        python_ensurepip
        "$PYTHON_FOUND" -m venv "$VENV" || fail "no virtual environment" "$PYTHON_FOUND -m venv failed" "install python3-venv"
        stamp_set venv "$(python_identity "$VENV/bin/python") $ROOT"
    fi
    say "virtual environment: ready ($("$VENV/bin/python" -V))"
}

# Debian ships venv apart from python3.
python_ensurepip() {
    "$PYTHON_FOUND" -c 'import ensurepip, venv' 2>/dev/null && return
    say "system packages: installing python3-venv"
    mkdir -p "$LOCAL/log"
    apt_install python3-venv >>"$LOCAL/log/apt.log" 2>&1 ||
        { as_admin apt-get update -q && apt_install python3-venv; } >>"$LOCAL/log/apt.log" 2>&1 ||
        fail "Python cannot make environments" "ensurepip is missing" "apt-get install python3-venv, or give another PYTHON="
}

# pip_install LABEL FILE...: the pins and nothing else; the index is the one pip is configured with.
pip_install() {
    local label=$1 file args=() log
    log=$LOCAL/log/pip-$label.log
    shift
    mkdir -p "$LOCAL/log"
    for file in "$@"; do args+=(-r "$file"); done
    "$VENV/bin/python" -m pip install --no-deps --disable-pip-version-check --no-input -q "${args[@]}" >"$log" 2>&1 ||
        fail "Python packages ($label) were not installed" "$(grep -iE '^ *error' "$log" | head -1)" "see .local/log/pip-$label.log; is the package index reachable?"
}

python_pins() {
    local want
    want=$(digest "$ROOT"/requirements/{odoo,test}.txt)
    if ! stamp_is pins "$want"; then
        say "Python packages: installing the pins of requirements/odoo.txt and test.txt"
        pip_install pins "$ROOT"/requirements/{odoo,test}.txt
        stamp_set pins "$want"
    fi
    say "Python packages: as pinned"
}

site_packages() { "$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
