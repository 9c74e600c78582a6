/// Who asks a machine for an echo.
extension TestMachine where Self: ~Copyable {
    /// Notes from now on who asks for an echo.
    public borrowing func noteEchoSources() throws {
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
    public borrowing func echoSources() throws -> [String] {
        try elements(of: ["table", "inet", "seen"])
    }
}
