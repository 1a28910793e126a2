# shellcheck shell=bash
# Databases of the tests. Two templates, each named after a digest of what it was made from:
#   usage_base_*   the modules of others, installed once per set of pins
#   usage_tpl_*    that, plus our addons; made again when an addon's source changes
# A suite gets a clone and drops it. File stores follow their databases (hard links: files there never change).

manifest() { "$VENV/bin/python" "$ROOT/scripts/lib/manifests.py" "$1"; }
db_exists() { [ "$(psql -X -A -t -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$1'")" = 1 ]; }

db_clone() {
    createdb -T "$1" "$2"
    filestore_clone "$1" "$2"
}

filestore_clone() {
    local store=$LOCAL/data/filestore
    rm -rf "${store:?}/$2"
    [ ! -d "$store/$1" ] || cp -al "$store/$1" "$store/$2"
}

db_drop() {
    dropdb --if-exists --force "$1" 2>/dev/null || true
    rm -rf "${LOCAL:?}/data/filestore/$1"
}

db_rename() {
    psql -X -q -d postgres -c "ALTER DATABASE \"$1\" RENAME TO \"$2\""
    rm -rf "${LOCAL:?}/data/filestore/$2"
    [ ! -d "$LOCAL/data/filestore/$1" ] || mv "$LOCAL/data/filestore/$1" "$LOCAL/data/filestore/$2"
}

# db_install DATABASE MODULES [-u MODULE]: installs, and updates if told so, and means it.
db_install() {
    local log=$LOCAL/log/install-$1.log
    mkdir -p "$LOCAL/log"
    (cd "$LOCAL" && "$VENV/bin/python" -m odoo -c "$LOCAL/odoo-test.conf" -d "$1" -i "$2" "${@:3}" \
        --stop-after-init --no-http --log-level=info >"$log" 2>&1 9>&-) && db_has_all "$1" "$2" && return
    grep -nE ' (ERROR|CRITICAL) |^[A-Za-z_.]*(Error|Exception)\b' "$log" | grep -v selfie_segmentation | tail -15 >&2
    return 1
}

db_has_all() {
    local missing
    missing=$(psql -X -A -t -d "$1" -c "SELECT string_agg(want, ' ') FROM unnest(string_to_array('$2', ',')) want
        WHERE NOT EXISTS (SELECT FROM ir_module_module WHERE name = want AND state = 'installed')")
    [ -z "$missing" ] || { say "not installed: $missing" >&2; return 1; }
}

# template_build NAME FROM MODULES LABEL: appears under its name only when complete.
template_build() {
    local name=$1 from=$2 modules=$3 label=$4 began=$SECONDS
    say "database: installing $label"
    db_drop "$name.new"
    if [ -n "$from" ]; then db_clone "$from" "$name.new"; else createdb -T template0 -E UTF8 --lc-collate=C "$name.new"; fi
    db_install "$name.new" "$modules" || {
        db_drop "$name.new"
        fail "$label cannot be installed" "the lines above say why" "the whole log is .local/log/install-$name.new.log"
    }
    db_rename "$name.new" "$name"
    say "database: $name ready in $((SECONDS - began)) s"
}

# Templates of former sources go; the current ones and those of runs under way stay.
templates_sweep() {
    local name run kept=" $1 $2 "
    for run in "$LOCAL"/run/[0-9]*; do
        if kill -0 "$(basename "$run")" 2>/dev/null; then kept+="$(cat "$run") "; else rm -f "$run"; fi
    done
    for name in $(psql -X -A -t -d postgres -c "SELECT datname FROM pg_database WHERE datname ~ '^usage_(base|tpl)_'"); do
        case $kept in *" $name "*) ;; *) db_drop "$name" ;; esac
    done
    # Clones of runs that were killed.
    for name in $(psql -X -A -t -d postgres -c "SELECT datname FROM pg_database WHERE datname ~ '^usage_test_[0-9]+'"); do
        kill -0 "$(grep -oE '[0-9]+' <<<"$name" | head -1)" 2>/dev/null || db_drop "$name"
    done
}

# Browser tests share these bundles; made once in the template they are not made again in each test class.
template_assets() {
    [ "$(psql -X -A -t -d "$TEMPLATE" -c "SELECT count(*) FROM ir_attachment WHERE url LIKE '/web/assets/%/web.assets_web.min.js'")" = 0 ] || return 0
    say "database: bundling the web client's assets"
    (cd "$LOCAL" && "$VENV/bin/python" -m odoo shell -c "$LOCAL/odoo-test.conf" -d "$TEMPLATE" --no-http --log-level=warn \
        <"$ROOT/scripts/lib/bundle_assets.py" >"$LOCAL/log/assets.log" 2>&1 9>&-) || warn "assets were not bundled (.local/log/assets.log); browser tests will be slower"
}

# Sets FOREIGN and OURS, the modules, and BASE and TEMPLATE, the names of their databases.
template_names() {
    FOREIGN=$(manifest foreign)
    OURS=$(manifest addons)
    [ -n "$FOREIGN" ] || FOREIGN=base
    BASE=usage_base_$({ cat "$ROOT"/requirements/{odoo,oca}.txt "$STAMPS/odoo"; echo "$FOREIGN"; } | digest | cut -c1-12)
    TEMPLATE=usage_tpl_$({ echo "$BASE"; manifest digest; } | digest | cut -c1-12)
    if [ -z "$OURS" ]; then TEMPLATE=$BASE; fi
}

# Sets TEMPLATE and BASE; call it under the lock.
template_ensure() {
    template_names
    db_exists "$BASE" || template_build "$BASE" "" "$FOREIGN" "the modules our addons build on ($FOREIGN)"
    db_exists "$TEMPLATE" || template_build "$TEMPLATE" "$BASE" "$OURS" "our addons ($OURS)"
    templates_sweep "$BASE" "$TEMPLATE"
}
