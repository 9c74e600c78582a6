#!/bin/sh
set -eu

usage() {
    cat <<'TEXT'
usage: ./install.sh [options]

Builds the plugins, installs them, and proves that they work. As root: sudo ./install.sh

  --bin-dir DIR    where the executables go (/opt/cni/bin)
  --conf-dir DIR   where the network configuration goes, unless there is one (/etc/cni/net.d)
  --from DIR       install the executables that were built in DIR; Swift is not needed then
  --flanneld       install the flannel daemon as well, with its systemd unit and settings, and mk-docker-opts; it is
                   built with packages of other projects, which are fetched
  --root DIR       where those of --flanneld go, as DIR/usr/local/sbin (/)
  --no-conf        install no network configuration
  --no-check       leave out the check of the kernel and the proof at the end
  --dry-run        tell what would be done, and change nothing
  --uninstall      remove what was installed
  --help           print this
TEXT
}

root=$(cd "$(dirname "$0")" && pwd)
. "$root/Sources/Tools/toolchain.sh"

bin_dir=/opt/cni/bin
conf_dir=/etc/cni/net.d
from=
uses_conf=true
checks=true
is_dry=false
is_removal=false
has_daemon=false
daemon_root=
while [ $# -gt 0 ]; do
    case $1 in
        --bin-dir | --conf-dir | --from | --root)
            [ -n "${2-}" ] || fail "$1 needs a folder; --help lists the options"
            case $1 in
                --bin-dir) bin_dir=$(realpath -m "$2") ;;
                --conf-dir) conf_dir=$(realpath -m "$2") ;;
                --from) from=$(realpath -m "$2") ;;
                --root) daemon_root=$(realpath -m "$2") ;;
            esac
            shift
            ;;
        --flanneld) has_daemon=true ;;
        --no-conf) uses_conf=false ;;
        --no-check) checks=false ;;
        --dry-run) is_dry=true ;;
        --uninstall) is_removal=true ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "there is no option $1; --help lists the options" ;;
    esac
    shift
done

# What was installed: a checksum and a path a line. A file with another checksum is somebody else's.
record=$bin_dir/.swift-cni
backup_suffix=.before-swift-cni
default_conf=$root/conf/10-bridge.conflist
# A plugin's folder has the name of its executable.
programs="$(ls "$root/Sources/Plugins") cnitool"
daemon_programs="flanneld mk-docker-opts"
draft=
trap 'if [ -n "$draft" ]; then rm -f "$draft"; fi' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Announces a step. False in a dry run, which leaves it at that.
step() {
    if $is_dry; then
        printf 'would %s\n' "$1"
        return 1
    fi
    printf '%s\n' "$1"
}

require_writable() {
    folder=$1
    while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
    [ -d "$folder" ] || fail "$folder is not a folder"
    [ -w "$folder" ] || fail "$1 cannot be written; run it as root: sudo $0"
}

line_for() {
    printf '%s  %s\n' "$(sha256sum <"$1" | cut -d ' ' -f 1)" "$2"
}

is_installed() {
    [ -f "$record" ] && [ -f "$1" ] && grep -qxF "$(line_for "$1" "$1")" "$record"
}

# Puts a file in place in one step, so that a runtime finds the old one or the new one.
replace() {
    draft=$(dirname "$2")/.$(basename "$2").$$
    install -m "$3" "$1" "$draft"
    # Ahead of the file itself: a line without its file does no harm.
    line_for "$1" "$2" >>"$record"
    mv -fT "$draft" "$2"
    draft=
}

# Puts a file where another program's may be: install_over FILE TARGET MODE
install_over() {
    target=$2
    if [ -e "$target" ] && ! is_installed "$target" && ! cmp -s "$1" "$target"; then
        if step "keep $target, which is another program's, as $(basename "$target")$backup_suffix"; then
            ln -fP "$target" "$target$backup_suffix"
        fi
    fi
    if step "install $target"; then
        mkdir -p "$(dirname "$target")"
        replace "$1" "$target" "$3"
    fi
}

install_daemon() {
    for program in $daemon_programs; do install_over "$from/$program" "$daemon_root/usr/local/sbin/$program" 755; done
    install_over "$root/conf/flanneld/flanneld.service" "$daemon_root/etc/systemd/system/flanneld.service" 644
    target=$daemon_root/etc/default/flanneld
    if [ -e "$target" ] && ! is_installed "$target"; then
        printf '%s\n' "keep $target, which has been changed"
    elif step "install $target"; then
        mkdir -p "$(dirname "$target")"
        # It may hold a password.
        replace "$root/conf/flanneld/flanneld.env" "$target" 600
    fi
    printf '%s\n' "set FLANNELD_ETCD_ENDPOINTS in $target, then: systemctl enable --now flanneld"
}

first_conf() {
    for file in "$conf_dir"/*.conf "$conf_dir"/*.conflist "$conf_dir"/*.json; do
        if [ -e "$file" ]; then
            printf '%s\n' "$file"
            return
        fi
    done
}

install_conf() {
    target=$conf_dir/$(basename "$default_conf")
    present=$(first_conf)
    if [ -n "$present" ] && ! is_installed "$target"; then
        printf '%s\n' "keep $present and install no other network configuration"
    elif step "install $target"; then
        replace "$default_conf" "$target" 644
    fi
}

# Forgets what earlier installations had put where other files are now.
tidy_record() {
    draft=$record.$$
    sort -u "$record" | while read -r sum path; do
        if [ -f "$path" ] && [ "$(line_for "$path" "$path")" = "$sum  $path" ]; then printf '%s  %s\n' "$sum" "$path"; fi
    done >"$draft"
    mv -f "$draft" "$record"
    draft=
}

uninstall() {
    [ -f "$record" ] || fail "nothing was installed in $bin_dir; --bin-dir tells another folder"
    sed 's/^[^ ]*  //' "$record" | sort -u | while read -r path; do
        if [ -e "$path" ] && ! is_installed "$path"; then
            printf '%s\n' "keep $path, which has been changed"
        elif [ -e "$path$backup_suffix" ]; then
            if step "put the earlier $path back"; then mv -fT "$path$backup_suffix" "$path"; fi
        elif [ -e "$path" ] && step "remove $path"; then
            rm -f "$path"
        fi
    done
    if step "remove $record"; then rm -f "$record"; fi
}

in_namespaces() {
    if [ "$(id -u)" -eq 0 ]; then
        unshare --mount --net --propagation private "$@"
    else
        unshare --user --map-root-user --mount --net --propagation private "$@"
    fi
}

check_kernel() {
    for program in unshare nsenter; do
        command -v "$program" >/dev/null || fail "$program is missing; on Debian: apt-get install util-linux"
    done
    in_namespaces true 2>/dev/null ||
        fail "cannot make a network namespace; run it as root, on the host rather than in a container"
    if command -v ip >/dev/null; then
        in_namespaces ip link add name probe type bridge 2>/dev/null ||
            fail "this kernel has no bridges; load or build its module \"bridge\" (CONFIG_BRIDGE)"
        in_namespaces ip link add name probe type veth 2>/dev/null ||
            fail "this kernel has no veth pairs; load or build its module \"veth\" (CONFIG_VETH)"
    fi
    if command -v nft >/dev/null; then
        in_namespaces nft 'add table inet probe; add chain inet probe nat { type nat hook postrouting priority 100; }
            add rule inet probe nat masquerade' 2>/dev/null ||
            fail "this kernel has no nf_tables masquerading; load or build nf_tables and nft_masq (CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT, CONFIG_NFT_MASQ; Linux 5.2 or later)"
    fi
}

build() {
    find_swift
    printf '%s\n' "Swift $swift_version ($swift)"
    if $has_daemon; then
        time="some minutes"
        trait=--traits=Daemon
    else
        time="about a minute"
        trait=--disable-default-traits
    fi
    if step "build the executables, which takes $time"; then
        as_builder "$swift" build --package-path "$root" -c release "$trait" </dev/null ||
            fail "the build failed; if it says that something is missing, see \"Building\" in README.md"
        from=$(as_builder "$swift" build --package-path "$root" -c release --show-bin-path </dev/null)
    fi
}

if $is_removal; then
    require_writable "$bin_dir"
    uninstall
    exit 0
fi

if ! $is_dry; then
    require_writable "$bin_dir"
    if $uses_conf; then require_writable "$conf_dir"; fi
    if $has_daemon; then require_writable "$daemon_root/usr/local/sbin"; fi
    if $checks; then check_kernel; fi
fi
if [ -z "$from" ]; then
    build
else
    for program in $programs $(if $has_daemon; then echo "$daemon_programs"; fi); do
        [ -x "$from/$program" ] || fail "$from has no executable $program; without --from it is built"
    done
fi
if ! $is_dry; then mkdir -p "$bin_dir"; fi
for program in $programs; do install_over "$from/$program" "$bin_dir/$program" 755; done
if $has_daemon; then install_daemon; fi
if $uses_conf; then
    if ! $is_dry; then mkdir -p "$conf_dir"; fi
    install_conf
fi
if ! $is_dry; then tidy_record; fi
if $checks && step "prove it with $(basename "$default_conf")"; then
    in_namespaces "$root/Sources/Tools/prove.sh" "$bin_dir" "$default_conf" ||
        fail "it is installed and does not work; see \"Troubleshooting\" in README.md"
fi
