# shellcheck shell=bash
# The two generated files everything else reads: .local/odoo.conf and .local/env.

# A port picked once: port_kept NAME FIRST-CHOICE.
port_kept() {
    local file=$LOCAL/$1.port
    [ -s "$file" ] || free_port >"$file"
    cat "$file"
}

odoo_conf() {
    cat <<CONF
[options]
addons_path = $(odoo_addons_path)
data_dir = $LOCAL/data
db_host = 127.0.0.1
db_port = $PG_PORT
db_user = odoo
db_password = $(pg_secret odoo)
admin_passwd = $(pg_secret admin)
list_db = False
http_interface = 127.0.0.1
http_port = $(port_kept http)
gevent_port = $(port_kept gevent)
server_wide_modules = base,rpc,web
CONF
}

# What tests add: no cron threads, no memory ceiling that browser and helpers would inherit.
odoo_test_conf() {
    odoo_conf
    cat <<CONF
max_cron_threads = 0
limit_memory_hard = 0
limit_memory_soft = 0
limit_time_real = 3600
CONF
}

env_file() {
    cat <<ENV
# Made by scripts/setup. Source it, then: python -m odoo -c "\$USAGE_CONF" -d mydb
export USAGE_ROOT='$ROOT'
export USAGE_CONF='$LOCAL/odoo.conf'
export USAGE_TEST_CONF='$LOCAL/odoo-test.conf'
export USAGE_DATA='$LOCAL/data'
export USAGE_HTTP_PORT='$(port_kept http)'
export PGHOST=127.0.0.1
export PGPORT='$PG_PORT'
export PGUSER=odoo
export PGPASSWORD='$(pg_secret odoo)'
case ":\$PATH:" in *":$VENV/bin:"*) ;; *) export PATH='$VENV/bin:$PG_BIN:'"\$PATH" ;; esac
ENV
}

# Written in one stroke, readable by the owner only: they hold passwords.
write_private() {
    (umask 077 && cat >"$1.new" && mv "$1.new" "$1")
}

write_config() {
    local want
    mkdir -p "$LOCAL/data"
    want=$({ odoo_conf; odoo_test_conf; env_file; } | digest)
    if ! stamp_is config "$want" || [ ! -f "$LOCAL/odoo.conf" ] || [ ! -f "$LOCAL/env" ]; then
        odoo_conf | write_private "$LOCAL/odoo.conf"
        odoo_test_conf | write_private "$LOCAL/odoo-test.conf"
        env_file | write_private "$LOCAL/env"
        stamp_set config "$want"
    fi
    say "configuration: .local/odoo.conf, .local/env"
}
