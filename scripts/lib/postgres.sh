# shellcheck shell=bash
# A PostgreSQL cluster of this checkout's own: own folder, own port on 127.0.0.1, own passwords.
# Other clusters of the machine are never looked at.

PG_HOME=$LOCAL/pg

# Sets PG_BIN to the newest server of at least version 15.
find_pg_bin() {
    local dir version
    for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5 -rV) $(dirname "$(command -v postgres 2>/dev/null || echo /none)"); do
        if [ ! -x "$dir/initdb" ] || [ ! -x "$dir/pg_ctl" ]; then continue; fi
        version=$("$dir/postgres" --version | grep -oE '[0-9]+' | head -1)
        [ "$version" -ge 15 ] && { PG_BIN=$dir; return 0; }
    done
    return 1
}

# initdb refuses root; the server then runs as `postgres`, else as `nobody`.
pg_account() {
    PG_ACCOUNT=
    is_root || return 0
    if id postgres >/dev/null 2>&1; then PG_ACCOUNT=postgres; else PG_ACCOUNT=nobody; fi
}

as_pg() {
    if [ -n "$PG_ACCOUNT" ]; then
        (cd / && runuser -u "$PG_ACCOUNT" -- env -u PGHOST -u PGPORT -u PGUSER -u PGPASSWORD "$@")
    else
        (cd / && "$@")
    fi
}

# A checkout below a closed folder (such as /root) cannot hold files of another account.
pg_place() {
    local away
    [ -e "$PG_HOME" ] && return
    if [ -z "$PG_ACCOUNT" ] || as_pg test -x "$LOCAL"; then
        mkdir -p "$PG_HOME"
    else
        away=/var/lib/odoo-usage-billing/$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)
        say "PostgreSQL: user $PG_ACCOUNT cannot reach this checkout, its files go to $away (linked from .local/pg)"
        mkdir -p "$away"
        ln -sfn "$away" "$PG_HOME"
    fi
    [ -z "$PG_ACCOUNT" ] || chown "$PG_ACCOUNT" "$PG_HOME/"
}

# A secret is made once and kept: pg_secret NAME.
pg_secret() {
    local file=$LOCAL/secrets/$1
    if [ ! -s "$file" ]; then
        mkdir -p "$LOCAL/secrets" && chmod 700 "$LOCAL/secrets"
        (umask 077 && secret >"$file")
    fi
    cat "$file"
}

pg_init() {
    local version pwfile
    PG_DATA=$(readlink -f "$PG_HOME")/data
    if as_pg test -s "$PG_DATA/PG_VERSION"; then
        version=$(as_pg cat "$PG_DATA/PG_VERSION")
        [ -x "/usr/lib/postgresql/$version/bin/postgres" ] && PG_BIN=/usr/lib/postgresql/$version/bin
        "$PG_BIN/postgres" --version | grep -q " $version" ||
            fail "the database in .local/pg cannot be opened" "it was made by PostgreSQL $version, which is gone" "install postgresql-$version, or remove .local/pg"
        return
    fi
    say "PostgreSQL: making a cluster in .local/pg ($("$PG_BIN/postgres" --version))"
    pwfile=$(mktemp)
    pg_secret superuser >"$pwfile"
    [ -z "$PG_ACCOUNT" ] || chown "$PG_ACCOUNT" "$pwfile"
    as_pg "$PG_BIN/initdb" -D "$PG_DATA" -U postgres --auth=scram-sha-256 --pwfile="$pwfile" \
        --encoding=UTF8 --locale=C.UTF-8 --data-checksums >"$LOCAL/log/initdb.log" 2>&1 ||
        fail "PostgreSQL made no cluster" "$(tail -1 "$LOCAL/log/initdb.log")" "see .local/log/initdb.log"
    rm -f "$pwfile"
}

# No unix socket: the path of a checkout may be longer than a socket's name can be.
# PG_BUFFERS=2GB is for benches with many millions of events: as in operation, what is written often fits in memory.
pg_settings() {
    cat <<CONF
listen_addresses = '127.0.0.1'
port = $PG_PORT
unix_socket_directories = ''
max_connections = 200
shared_buffers = ${PG_BUFFERS:-256MB}
maintenance_work_mem = 128MB
work_mem = 16MB
max_wal_size = 2GB
max_locks_per_transaction = 256
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
log_min_duration_statement = 5s
CONF
}

pg_up() { as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" status >/dev/null 2>&1; }

# The server that answers on our port is ours when it takes our password.
pg_answers() { PGPASSWORD=$(pg_secret superuser) psql_as postgres postgres -c 'SELECT 1' >/dev/null 2>&1; }

psql_as() {
    local user=$1 database=$2
    shift 2
    PGCONNECT_TIMEOUT=5 "$PG_BIN/psql" -h 127.0.0.1 -p "$PG_PORT" -U "$user" -d "$database" -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

pg_write_settings() {
    pg_settings | as_pg tee "$PG_DATA/usage.conf" >/dev/null
    as_pg grep -q "^include 'usage.conf'" "$PG_DATA/postgresql.conf" ||
        echo "include 'usage.conf'" | as_pg tee -a "$PG_DATA/postgresql.conf" >/dev/null
}

# Asked as the server asks: a port in TIME_WAIT is free.
pg_port_taken() {
    ! "$VENV/bin/python" - "$PG_PORT" 2>/dev/null <<'PY'
import socket
import sys

with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", int(sys.argv[1])))
PY
}

pg_start() {
    local log
    log=$(dirname "$PG_DATA")/server.log
    as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" -l "$log" -w -t 60 start >"$LOCAL/log/pg_ctl.log" 2>&1 </dev/null 9>&-
}

# Starts the cluster when it is down; a port somebody took meanwhile is replaced.
pg_run() {
    PG_PORT=$(cat "$LOCAL/pg.port" 2>/dev/null || true)
    if [ -n "$PG_PORT" ] && pg_up && pg_answers && stamp_is pg "$(pg_settings | digest)"; then return; fi
    if pg_up; then
        say "PostgreSQL: stopping, its settings changed"
        as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" -m fast -w stop >/dev/null 2>&1 || true
    fi
    for _ in 1 2 3; do
        if [ -z "$PG_PORT" ] || pg_port_taken; then PG_PORT=$(free_port); fi
        pg_write_settings
        say "PostgreSQL: starting on 127.0.0.1:$PG_PORT"
        if pg_start && pg_answers; then
            echo "$PG_PORT" >"$LOCAL/pg.port"
            stamp_set pg "$(pg_settings | digest)"
            return
        fi
        PG_PORT=
    done
    fail "PostgreSQL does not start" "$(as_pg tail -1 "$(dirname "$PG_DATA")/server.log" 2>/dev/null)" "see .local/pg/server.log"
}

# Odoo's role owns databases and may make them; it is no superuser.
pg_role() {
    local password
    password=$(pg_secret odoo)
    PGPASSWORD=$password psql_as odoo postgres -c 'SELECT 1' >/dev/null 2>&1 && return
    PGPASSWORD=$(pg_secret superuser) psql_as postgres postgres >/dev/null <<SQL
DO \$\$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'odoo') THEN CREATE ROLE odoo; END IF;
END \$\$;
ALTER ROLE odoo LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD '$password';
SQL
}

postgres_cluster() {
    mkdir -p "$LOCAL/log"
    find_pg_bin || fail "PostgreSQL 15 or newer is missing" "no server under /usr/lib/postgresql or on PATH" "apt-get install postgresql"
    pg_account
    pg_place
    pg_init
    pg_run
    pg_role
    say "PostgreSQL: ready ($("$PG_BIN/postgres" --version | cut -d' ' -f3), 127.0.0.1:$PG_PORT)"
}
