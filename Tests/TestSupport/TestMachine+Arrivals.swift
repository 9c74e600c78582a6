import JSON

/// What arrives at a machine, which tells that something does not get there without waiting for an answer that never comes:
/// once another answer has come the same way, whatever was sent before has arrived or is gone.
extension TestMachine where Self: ~Copyable {
    /// Asks an address for an echo, once, whether or not an answer comes.
    ///
    /// - Parameters:
    ///   - address: who is asked.
    ///   - seconds: how long an answer is waited for, in whole ones where busybox asks.
    /// - Throws: when nothing can be sent.
    package borrowing func ask(_ address: String, waiting seconds: String = "0.1") throws {
        try shell("ping -c 1 -W \(seconds) \(address) || [ $? -eq 1 ]")
    }

    /// The MAC address of an interface.
    package borrowing func mac(of interface: String = "eth0") throws -> String {
        guard let mac = try link(interface)?["address"]?.string else {
            throw CommandFailure(description: "there is no \(interface)")
        }
        return mac
    }

    /// Notes from now on who asks for an echo.
    package borrowing func noteEchoSources() throws {
        let chains = [("ip", "ipv4", "icmp"), ("ip6", "ipv6", "icmpv6")].map { network, address, control in
            """
            set from-\(network) { type \(address)_addr; size 16; flags dynamic; }
            chain in-\(network) {
                type filter hook input priority 0
                \(control) type echo-request update @from-\(network) { \(network) saddr }
            }

            """
        }
        try output(of: "nft", ["-f", "-"], input: "table inet seen {\n\(chains.joined())}\n")
    }

    /// Who has asked for an echo since, sorted.
    package borrowing func echoSources() throws -> [String] {
        try elements(of: ["table", "inet", "seen"])
    }

    /// Notes from now on whose frames arrive at an interface.
    package borrowing func noteSenders(at interface: String = "eth0") throws {
        let table = """
            table netdev seen {
                set senders { type ether_addr; size 64; flags dynamic; }
                chain ingress {
                    type filter hook ingress device \(interface) priority 0
                    update @senders { ether saddr }
                }
            }

            """
        try output(of: "nft", ["-f", "-"], input: table)
    }

    /// The MAC addresses whose frames have arrived there since, sorted.
    package borrowing func senders() throws -> [String] {
        try elements(of: ["table", "netdev", "seen"])
    }
}
