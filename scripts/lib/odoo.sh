# shellcheck shell=bash
# Odoo 19.0: from Debian's package, from a package file (ODOO_DEB=) or from where it already is (ODOO_PATH=).

ODOO_WAYS="ODOO_PATH=/folder/with/odoo scripts/setup, or ODOO_DEB=/an/odoo-19.deb scripts/setup, or Docker (docker/README.md)"

# The archive's addresses as apt itself reads them (both source formats), those known to be Debian's first.
debian_mirrors() {
    # shellcheck disable=SC2016
    local format='$(ORIGIN) $(COMPONENT) $(REPO_URI)'
    {
        apt-get indextargets --format "$format" 'Created-By: Packages' | awk '$1 == "Debian"'
        # Where no lists were fetched yet apt knows the addresses, but not whose they are.
        apt-get indextargets --no-release-info --format "$format" 'Created-By: Packages'
    } 2>/dev/null | awk '$2 == "main" && $3 !~ /security/ && !seen[$3]++ { print $3 }'
}

# apt with a state folder of our own: the system's lists and packages stay as they are.
apt_private() {
    local tool=$1 box=$CACHE/apt
    shift
    "$tool" -o Dir::State::Lists="$box/lists" -o Dir::Cache="$box/cache" \
        -o Dir::Etc::sourcelist="$box/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::PDiffs=false \
        -o Acquire::Retries=2 -q "$@"
}

# Fetches the index of suite sid from the first mirror that has it.
archive_update() {
    local mirror
    mkdir -p "$CACHE/apt/lists/partial" "$CACHE/apt/cache/archives/partial"
    while read -r mirror; do
        printf 'deb [signed-by=%s] %s sid main\n' "$KEYRING" "$mirror" >"$CACHE/apt/sources.list"
        apt_private apt-get update -o APT::Update::Error-Mode=any </dev/null && return
    done < <(debian_mirrors)
    return 1
}

archive_has_odoo() {
    apt_private apt-cache show odoo-19 2>/dev/null | grep -q '^Version: 19\.0'
}

# Downloads odoo-19 and sets DEB.
deb_from_archive() {
    local log=$LOCAL/log/apt-odoo.log
    have apt-get || fail "no Odoo 19" "this system has no apt" "$ODOO_WAYS"
    find_keyring || fail "no Odoo 19 from Debian" "its archive keyring is missing, nothing could be verified" "apt-get install debian-archive-keyring, or $ODOO_WAYS"
    mkdir -p "$LOCAL/log"
    say "Odoo 19: asking Debian's archive"
    archive_update >"$log" 2>&1 ||
        fail "no Odoo 19 from Debian" "no Debian mirror of the system's apt sources answered for suite sid (.local/log/apt-odoo.log)" "check the network, or $ODOO_WAYS"
    archive_has_odoo || fail "Debian's archive carries no package odoo-19 any more" "suite sid moved on" "$ODOO_WAYS" "$EXIT_GONE"
    say "Odoo 19: downloading Debian's package (122 MB)"
    (cd "$CACHE" && apt_private apt-get download odoo-19) >>"$log" 2>&1 </dev/null ||
        fail "Debian's package odoo-19 was not downloaded" "$(grep '^E:' "$log" | tail -1)" "run scripts/setup again, or $ODOO_WAYS"
    DEB=$(deb_cached)
    rm -rf "$CACHE/apt"
}

deb_cached() { mkdir -p "$CACHE" && find "$CACHE" -maxdepth 1 -name 'odoo-19_*.deb' | sort | tail -1; }

# A file is what it claims, or it is not used.
deb_check() {
    local name version
    [ -r "$1" ] || fail "$1 cannot be used" "there is no such file" "give the path of an odoo-19 package in ODOO_DEB="
    have dpkg-deb || fail "$1 cannot be used" "this system has no dpkg-deb" "install dpkg, or use ODOO_PATH="
    name=$(dpkg-deb --field "$1" Package 2>/dev/null) || fail "$1 cannot be used" "it is not a Debian package" "give an odoo-19 package in ODOO_DEB="
    version=$(dpkg-deb --field "$1" Version)
    case "$name $version" in
        "odoo-19 19.0"* | "odoo 19.0"*) DEB_VERSION=$version ;;
        *) fail "$1 cannot be used" "it is $name $version, not Odoo 19.0" "give an odoo-19 package in ODOO_DEB=" ;;
    esac
}

find_deb() {
    DEB=${ODOO_DEB:-$(deb_cached)}
    # A download that broke off is no package: it is fetched again.
    if [ -z "${ODOO_DEB:-}" ] && ! dpkg-deb --field "$DEB" Package >/dev/null 2>&1; then
        rm -f "$CACHE"/odoo-19_*.deb
        deb_from_archive
    fi
    deb_check "$DEB"
}

odoo_clear() {
    local site=$1
    rm -rf "${site:?}/odoo" "$site"/odoo-19*.egg-info "$site"/odoo_addon_*.dist-info "$site/odoo-here.pth" "$LOCAL/odoo"
    stamp_drop oca
}

# Only the Python package leaves the file; the rest of the .deb is for a system install.
odoo_unpack() {
    local site=$1 stage=$LOCAL/unpack
    say "Odoo 19: unpacking $(basename "$DEB") (1.1 GB)"
    rm -rf "$stage" && mkdir -p "$stage"
    dpkg-deb --fsys-tarfile "$DEB" | tar -x -C "$stage" --no-same-owner --wildcards './usr/lib/python3/dist-packages/odoo*' ||
        fail "Odoo was not unpacked" "$(df -h --output=avail "$LOCAL" | tail -1) left on the disk" "free 2 GB and run scripts/setup again"
    odoo_clear "$site"
    mv "$stage"/usr/lib/python3/dist-packages/odoo* "$site"/
    rm -rf "$stage"
    odoo_asset_links
    odoo_asset_hole "$site"
}

# Debian leaves one script out (it blurs the background of video calls). The web client then logs an error on
# each page, and a browser test stops at any error: an empty script keeps both quiet.
odoo_asset_hole() {
    local hole=$1/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
    [ -e "$hole" ] && return
    mkdir -p "$(dirname "$hole")"
    echo '/* Not part of this package. */' >"$hole"
}

# Debian's Odoo finds scripts and fonts of other packages by relative links that end in <venv>/share.
odoo_asset_links() {
    local name
    mkdir -p "$VENV/share"
    for name in javascript fonts fonts-font-awesome; do
        ln -sfn "/usr/share/$name" "$VENV/share/$name"
    done
}

# Sets ODOO_BASE, the folder that holds the package `odoo`.
odoo_at_path() {
    local path
    path=$(cd "$ODOO_PATH" 2>/dev/null && pwd -P) || fail "ODOO_PATH=$ODOO_PATH cannot be used" "there is no such folder" "give the folder that contains the package odoo"
    for ODOO_BASE in "$path" "$(dirname "$path")" ""; do
        [ -f "$ODOO_BASE/odoo/release.py" ] && break
    done
    [ -n "$ODOO_BASE" ] || fail "ODOO_PATH=$ODOO_PATH cannot be used" "it holds no odoo/release.py" "give a source checkout or the folder that contains the package odoo"
    "$VENV/bin/python" -c 'import runpy, sys; sys.exit(runpy.run_path(sys.argv[1])["version_info"][:2] != (19, 0))' "$ODOO_BASE/odoo/release.py" ||
        fail "ODOO_PATH=$ODOO_PATH cannot be used" "it is not Odoo 19.0" "give an Odoo of series 19.0"
}

# `odoo` is a namespace package: a path entry joins that Odoo with the OCA addons of our environment.
odoo_link() {
    local site=$1
    say "Odoo 19: using the one at $ODOO_BASE"
    odoo_clear "$site"
    mkdir -p "$LOCAL/odoo"
    ln -sfn "$ODOO_BASE/odoo" "$LOCAL/odoo/odoo"
    printf '%s\n' "$LOCAL/odoo" >"$site/odoo-here.pth"
}

odoo_package() {
    local want site trouble
    site=$(site_packages)
    if [ -n "${ODOO_PATH:-}" ]; then
        odoo_at_path
        want="path $ODOO_BASE"
        stamp_is odoo "$want" || odoo_link "$site"
    elif [ -z "${ODOO_DEB:-}" ] && [ -f "$STAMPS/odoo" ]; then
        want=$(cat "$STAMPS/odoo")
    else
        find_deb
        want="deb $DEB_VERSION"
        stamp_is odoo "$want" || odoo_unpack "$site"
    fi
    trouble=$(odoo_imports 2>&1) || {
        stamp_drop odoo
        fail "Odoo does not start" "$(tail -1 <<<"$trouble")" "run scripts/setup again; scripts/doctor says more"
    }
    stamp_set odoo "$want"
    say "Odoo 19: ready ($want)"
}

odoo_imports() {
    (cd / && "$VENV/bin/python" -c 'import odoo.init, odoo.release; assert odoo.release.version_info[:2] == (19, 0)')
}

odoo_addons() {
    local want
    want=$(digest "$ROOT/requirements/oca.txt")
    if ! stamp_is oca "$want"; then
        say "OCA addons: installing the pins of requirements/oca.txt"
        pip_install oca "$ROOT/requirements/oca.txt"
        stamp_set oca "$want"
    fi
    say "OCA addons: as pinned"
}

# The folders Odoo looks for addons in, ours last.
odoo_addons_path() {
    local base paths=()
    if [ -L "$LOCAL/odoo/odoo" ]; then
        base=$(dirname "$(readlink -f "$LOCAL/odoo/odoo")")
        [ -d "$base/addons/account" ] && paths+=("$base/addons")
        paths+=("$base/odoo/addons")
    fi
    paths+=("$(site_packages)/odoo/addons" "$ROOT")
    local IFS=,
    printf '%s\n' "${paths[*]}"
}
