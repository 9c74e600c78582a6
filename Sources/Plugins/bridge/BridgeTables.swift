import PacketRules

/// What `bridge` has in nf_tables.
enum BridgeTables {
    static let masquerade = Masquerade(table: "cni_bridge")
    static let spoofCheck = SpoofCheck(table: "cni_bridge")
}
