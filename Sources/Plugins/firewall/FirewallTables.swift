import PacketRules

/// What `firewall` has in nf_tables.
enum FirewallTables {
    static let admission = Admission(table: "cni_firewall")
    static let networks = NetworkIsolation(table: "cni_isolation")
    static let ports = PortIsolation(table: "cni_isolation")
}
