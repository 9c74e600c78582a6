import Foundation
public import LinuxSystem

extension NetworkNamespace {
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
        try shell("nft -f -", input: "table inet seen {\n\(chains.joined())}\n")
    }

    /// Who has asked for an echo since, sorted.
    public borrowing func echoSources() throws -> [String] {
        try shell("nft list table inet seen").matches(of: /elements = \{([^}]*)\}/).flatMap { match in
            match.1.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        }.sorted()
    }
}
