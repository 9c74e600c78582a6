#!/bin/sh
# Measures flanneld with etcd between namespaces that play hosts, and prints the tables of its page: as root,
# Sources/Tools/flanneld-bench.sh [DIR], where DIR has flanneld (.build/release). etcd and etcdctl are in PATH, or where
# Tests/unpack has put them. RUNS is how often each thing is done (10). Nothing of it is
# left, however it ends; what it finds is never a test's verdict.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin:$root/.build/unpacked/etcd/usr/bin
daemon=$(realpath "${1:-$root/.build/release}/flanneld")
[ -x "$daemon" ] || { printf '%s\n' "${0##*/}: there is no $daemon" >&2; exit 1; }
if [ "${2-}" != inside ]; then
    exec unshare --mount --net --pid --fork --kill-child "$0" "${1:-$root/.build/release}" inside
fi

mount -t proc proc /proc
mount -t tmpfs tmpfs /run
export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=http://192.168.1.1:2379
folder=/coreos.com/network/subnets
ip link set lo up
ip link add switch up type bridge mcast_snooping 0
# Leases that stand for hosts are all behind this machine.
ip address add 192.168.1.1/16 dev switch
etcd --data-dir /run/etcd --log-level error --listen-client-urls "$ETCDCTL_ENDPOINTS" \
    --advertise-client-urls "$ETCDCTL_ENDPOINTS" >/run/etcd.log 2>&1 &
etcdctl --dial-timeout 20s --command-timeout 20s put /coreos.com/network/config \
    '{ "Network": "10.0.0.0/8", "Backend": { "Type": "vxlan" } }' >/dev/null

# Nanoseconds.
now() { date +%s%N; }

# Each line with the time at which it came.
stamped() { while read -r line; do printf '%s %s\n' "$(now)" "$line"; done; }

host() {
    mkdir -p "/run/host$1"
    ip netns add "host$1"
    ip link add "port$1" master switch up type veth peer name eth0 netns "host$1"
    ip -netns "host$1" address add "192.168.2.$1/16" dev eth0
    ip -netns "host$1" link set eth0 up
    ip netns exec "host$1" ip -ts monitor route >>"/run/host$1/routes" 2>/dev/null &
}

start() {
    started=$(now)
    ip netns exec "host$1" "$daemon" --etcd-endpoints="$ETCDCTL_ENDPOINTS" --iface=eth0 \
        --subnet-file="/run/host$1/subnet.env" --state-dir="/run/host$1/lib" 2>&1 |
        stamped >>"/run/host$1/log" &
}

pid() { ip netns pids "host$1" | while read -r id; do
    [ "$(cat "/proc/$id/comm")" = flanneld ] && printf '%s\n' "$id"
done; }

stop() {
    kill "$(pid "$1")"
    while [ -n "$(pid "$1")" ]; do sleep 0.01; done
}

# The time of the last line of a host's log with a text, which is waited for.
said() {
    until grep -qsF "$2" "/run/host$1/log"; do sleep 0.005; done
    grep -F "$2" "/run/host$1/log" | tail -n 1 | cut -d ' ' -f 1
}

# The time of the last route of a host's to a subnet, which is waited for; the time is the kernel's.
routed() {
    until grep -qsF "] $2 " "/run/host$1/routes"; do sleep 0.005; done
    date -d "$(grep -F "] $2 " "/run/host$1/routes" | tail -n 1 | sed 's/^\[\([^]]*\)\].*/\1/')" +%s%N
}

since() { awk -v "from=$2" -v "to=$1" 'BEGIN { printf "%.1f\n", (to - from) / 1e6 }'; }
median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] " ms, at most " all[NR] " ms" }'; }
# What a process has in memory, and what of that is its own and not its program's file.
resident() {
    awk '/VmRSS/ { all = $2 } /RssAnon/ { own = $2 } END { printf "%.1f MB, without the program %.1f MB\n", all / 1024, own / 1024 }' \
        "/proc/$(pid "$1")/status"
}

# Puts leases of no hosts: leases FIRST LAST
leases() {
    first=$1
    while [ "$first" -le "$2" ]; do
        last=$((first + 99))
        [ "$last" -le "$2" ] || last=$2
        {
            printf '\n'
            seq "$first" "$last" | awk -v "folder=$folder" '{
                a = int($1 / 256); b = $1 % 256
                mac = sprintf("02:00:00:00:%02x:%02x", a, b)
                value = "{\\\"PublicIP\\\":\\\"172.16." a "." b "\\\",\\\"PublicIPv6\\\":null,\\\"BackendType\\\":\\\"vxlan\\\"," \
                    "\\\"BackendData\\\":{\\\"VNI\\\":1,\\\"VtepMAC\\\":\\\"" mac "\\\"}}"
                print "put " folder "/10." a + 16 "." b ".0-24 \"" value "\""
            }'
            printf '\n\n'
        } | etcdctl txn >/dev/null
        first=$((last + 1))
    done
}

printf '| | median of %s |\n|---|---|\n' "${RUNS:=10}"
host 1
host 2
start 1
said 1 "flanneld is ready" >/dev/null
for run in $(seq "$RUNS"); do
    rm -rf /run/host2/subnet.env /run/host2/lib
    : >/run/host2/log
    start 2
    ready=$(said 2 "flanneld is ready")
    subnet=$(sed -n 's|FLANNEL_SUBNET=\(.*\)\.1/24|\1.0/24|p' /run/host2/subnet.env)
    route=$(routed 1 "$subnet")
    since "$ready" "$started" >>/run/ready
    since "$route" "$started" >>/run/route
    stop 2
    etcdctl del "$folder/$(printf '%s' "$subnet" | tr / -)" >/dev/null
    until grep -qsF "Deleted $subnet" /run/host1/routes; do sleep 0.005; done
done
printf '| start to lease, device and `subnet.env` | %s |\n' "$(median /run/ready)"
printf '| start to the route on another host | %s |\n' "$(median /run/route)"

for n in $(seq 3 21); do host "$n"; done
for n in $(seq 2 21); do start "$n"; done
for n in $(seq 2 21); do said "$n" "hosts that are routed to: 20" >/dev/null; done
for run in $(seq "$RUNS"); do
    changed=$(now)
    etcdctl put "$folder/10.15.$run.0-24" \
        "{\"PublicIP\":\"172.15.0.$run\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":\"02:00:00:01:00:$((run + 10))\"}}" \
        >/dev/null
    for n in $(seq 1 21); do since "$(routed "$n" "10.15.$run.0/24")" "$changed"; done |
        sort -n | tail -n 1 >>/run/spread
done
printf '| the start of `etcdctl put` to the route on the last of 21 hosts | %s |\n' "$(median /run/spread)"
sleep 5
printf '| resident, idle with 20 hosts | %s |\n' "$(resident 1)"
for n in $(seq 1 21); do stop "$n"; done
etcdctl del --prefix "$folder/" >/dev/null

printf '\n| leases | start to in sync | restart to in sync | one change | resident |\n|---:|---:|---:|---:|---:|\n'
for count in 100 1000 2000 5000; do
    leases 1 "$count"
    n=$((count / 100 + 30))
    host "$n"
    start "$n"
    first=$(since "$(said "$n" "hosts that are routed to: $count")" "$started")
    stop "$n"
    : >"/run/host$n/log"
    start "$n"
    again=$(since "$(said "$n" "hosts that are routed to: $count")" "$started")
    changed=$(now)
    etcdctl put "$folder/10.15.0.0-24" \
        '{"PublicIP":"172.15.0.1","BackendType":"vxlan","BackendData":{"VtepMAC":"02:00:00:01:00:99"}}' >/dev/null
    change=$(since "$(routed "$n" "10.15.0.0/24")" "$changed")
    printf '| %s | %s ms | %s ms | %s ms | %s |\n' "$count" "$first" "$again" "$change" "$(resident "$n")"
    stop "$n"
    etcdctl del --prefix "$folder/" >/dev/null
done
