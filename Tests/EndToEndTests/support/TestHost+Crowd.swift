import TestSupport

extension TestHost {
    /// Makes the host one that somebody uses: Docker's rules of iptables, firewalld's of nf_tables, bridges of others,
    /// forwarding on and IPv6 off.
    func crowd() throws {
        try namespace.shell(
            """
            sysctl -qw net/ipv4/ip_forward=1
            sysctl -qw net/ipv6/conf/all/disable_ipv6=1 net/ipv6/conf/default/disable_ipv6=1
            ip link add docker0 type bridge
            ip address add 172.17.0.1/16 dev docker0
            ip link set docker0 up
            nft -f -
            """, input: Self.rulesOfOthers)
    }

    /// As iptables-nft and firewalld make them, the gist of it.
    private static let rulesOfOthers = """
        table ip filter {
            chain DOCKER-USER { return; }
            chain DOCKER { }
            chain FORWARD {
                type filter hook forward priority filter; policy drop;
                counter jump DOCKER-USER
                oifname "docker0" ct state established,related counter accept
                oifname "docker0" counter jump DOCKER
                iifname "docker0" oifname != "docker0" counter accept
            }
        }
        table ip nat {
            chain DOCKER { iifname "docker0" counter return; }
            chain PREROUTING {
                type nat hook prerouting priority dstnat; policy accept;
                fib daddr type local counter jump DOCKER
            }
            chain POSTROUTING {
                type nat hook postrouting priority srcnat; policy accept;
                oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade
            }
        }
        table inet firewalld {
            chain nat_POSTROUTING {
                type nat hook postrouting priority srcnat + 10; policy accept;
            }
            chain filter_INPUT {
                type filter hook input priority filter + 10; policy accept;
                ct state { established, related } accept
                iifname "lo" accept
                meta l4proto { icmp, ipv6-icmp } accept
                udp dport 8472 accept
                reject with icmpx admin-prohibited
            }
            chain filter_FORWARD {
                type filter hook forward priority filter + 10; policy accept;
                ct state { established, related } accept
            }
        }

        """
}
