# shellcheck shell=bash
# System packages: asks for what is missing, touches nothing else.

# package | what it is for | the test that it is not needed
system_needs() {
    cat <<'LIST'
postgresql|the database server|find_pg_bin
wkhtmltopdf|PDF invoices|have wkhtmltopdf
mosquitto|the MQTT broker of the tests|have mosquitto || [ -x /usr/sbin/mosquitto ]
chromium|browser tests|have chromium || have google-chrome || have chromium-browser
fonts-dejavu-core|PDF text|[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ]
fonts-font-awesome|icons|[ -e /usr/share/fonts-font-awesome ]
fonts-roboto-unhinted|screen font|[ -e /usr/share/fonts/truetype/roboto/unhinted ]
fonts-inconsolata|till font|[ -e /usr/share/fonts/truetype/inconsolata ]
libjs-jquery|web client|[ -e /usr/share/javascript/jquery/jquery.js ]
libjs-jquery-form|web client|[ -e /usr/share/javascript/jquery-form ]
libjs-underscore|web client|[ -e /usr/share/javascript/underscore ]
poppler-utils|reading PDF in tests|have pdftotext
debian-archive-keyring|verifying Debian's archive|find_keyring
LIST
}

find_keyring() {
    local ring
    for ring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        # shellcheck disable=SC2034
        [ -s "$ring" ] && { KEYRING=$ring; return 0; }
    done
    return 1
}

system_missing() {
    local package purpose check
    while IFS='|' read -r package purpose check; do
        eval "$check" >/dev/null 2>&1 || printf '%s\n' "$package"
    done < <(system_needs)
}

as_admin() {
    if is_root; then "$@"; elif have sudo; then sudo "$@"; else return 97; fi
}

apt_install() {
    as_admin env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
}

system_packages() {
    local missing package log=$LOCAL/log/apt.log
    mapfile -t missing < <(system_missing)
    [ ${#missing[@]} -eq 0 ] && { say "system packages: complete"; return; }
    say "system packages: installing ${missing[*]}"
    mkdir -p "$LOCAL/log"
    if have apt-get; then
        # The package lists on the machine usually do; only a miss makes us fetch new ones.
        apt_install "${missing[@]}" >"$log" 2>&1 || {
            as_admin apt-get update -q >>"$log" 2>&1 || true
            for package in "${missing[@]}"; do apt_install "$package" >>"$log" 2>&1 || true; done
        }
    fi
    for package in $(system_missing); do system_complain "$package"; done
}

# Without a database server there is no product; anything else costs a feature or a test.
system_complain() {
    local purpose mend="apt-get install $1 (what went wrong: .local/log/apt.log)"
    purpose=$(system_needs | grep "^$1|" | cut -d'|' -f2)
    is_root || have sudo || mend="as root: apt-get install $1"
    [ "$1" = postgresql ] && fail "PostgreSQL 15 or newer is missing" "it could not be installed" "$mend"
    warn "$1 is missing ($purpose). Mend: $mend"
}
