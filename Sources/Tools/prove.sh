#!/bin/sh
# Attaches a scratch namespace to a network, as install.sh's last step: nothing of the machine is touched.
# usage: unshare --mount --net --propagation private prove.sh PLUGINS CONFLIST
set -eu
export LC_ALL=C

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# Leases and results go to a folder in memory, which ends with this mount namespace. What lies below /var/lib itself
# is reached by way of the other folder.
scratch=$(mktemp -d)
trap 'umount -l "$scratch"; rmdir "$scratch"' EXIT
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/bin" "$scratch/net.d"
mount --bind "$1" "$scratch/bin"
cp "$2" "$scratch/net.d"
mount -t tmpfs tmpfs /var/lib
network=$(sed -n '/"name"/{s/.*"name": *"\([^"]*\)".*/\1/p;q;}' "$2")
container=$scratch/container
: >"$container"
unshare --net="$container" true

cnitool() {
    NETCONFPATH=$scratch/net.d CNI_PATH=$scratch/bin "$scratch/bin/cnitool" "$@"
}

in_container() {
    nsenter --net="$container" "$@"
}

# The interfaces other than lo, in the namespace of the command that reads the file.
interfaces() {
    "$@" sed -n 's/^ *\([^: ]*\):.*/\1/p' /proc/net/dev | grep -vx lo || true
}

# An address that refuses a connection is one that answers.
answers() {
    if command -v ping >/dev/null; then
        in_container ping -c 1 -W 5 "$1" >/dev/null
    else
        # shellcheck disable=SC2016
        in_container bash -c ': <"/dev/tcp/$0/9"' "$1" 2>&1 | grep -q 'Connection refused'
    fi
}

result=$(cnitool add "$network" "$container") || fail "ADD failed"
flat=$(printf '%s' "$result" | tr -d ' \n')
address=$(printf '%s' "$flat" | sed -n 's/.*"address":"\([^"]*\)".*/\1/p')
gateway=$(printf '%s' "$flat" | sed -n 's/.*"gateway":"\([^"]*\)".*/\1/p')
[ -n "$address" ] || fail "ADD gave no address: $flat"
[ -n "$gateway" ] || fail "ADD gave no gateway: $flat"
answers "$gateway" || fail "the gateway $gateway does not answer $address"
cnitool check "$network" "$container" || fail "CHECK failed"
cnitool del "$network" "$container" || fail "DEL failed"

left=$(
    interfaces in_container
    interfaces command | grep '^veth' || true
    find /var/lib/cni -name "${address%/*}" -o -path '*/results/*'
    if command -v nft >/dev/null; then nft list tables; fi
)
[ -z "$left" ] || fail "DEL left $left"
printf '%s\n' "$address in a scratch namespace, $gateway answered, CHECK passed, DEL left nothing"
