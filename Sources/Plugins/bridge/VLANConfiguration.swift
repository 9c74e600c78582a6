import CNI
import ContainerLinks
import JSON
import RouteNetlink

/// The VLANs that a configuration puts containers' ports into: `vlan`, `vlanTrunk` and `preserveDefaultVlan`.
struct VLANConfiguration {
    /// The VLAN of the containers' untagged frames, and of the gateway.
    let vlan: UInt16?
    let port: PortVLANs
    /// Whether the ports leave the bridge's default VLAN.
    let leavesDefaultVLAN: Bool

    /// All of the containers' VLANs.
    var ids: [UInt16] { (vlan.map { [$0] } ?? []) + port.tagged }

    /// Nil when the configuration has no VLANs; an empty `vlanTrunk` has, though no port is in any.
    ///
    /// - Throws: code 7 with the member that will not do.
    init?(_ reader: JSONReader) throws {
        let vlan = try Self.vlan(reader)
        let trunk = try reader.optional("vlanTrunk", as: [JSONReader].self)
        guard vlan != nil || trunk != nil else { return nil }
        let preservesDefault: Bool = try reader.optional("preserveDefaultVlan") ?? false
        self.vlan = vlan
        leavesDefaultVLAN = !preservesDefault
        port = PortVLANs(
            untagged: vlan, tagged: try (trunk ?? []).flatMap(Self.trunkIDs), leavesOthers: leavesDefaultVLAN)
    }

    private static func vlan(_ reader: JSONReader) throws -> UInt16? {
        guard let number: Int64 = try reader.optional("vlan"), number != 0 else { return nil }
        guard let vlan = valid(number) else {
            throw CNIError(
                .invalidConfiguration,
                "invalid VLAN ID \(number) (must be between 0 and \(BridgeVLAN.validIDs.upperBound))")
        }
        return vlan
    }

    /// The numbers of one entry: a range, one by itself, or both.
    private static func trunkIDs(_ entry: JSONReader) throws -> [UInt16] {
        let first = try trunkID(entry, "minID")
        let last = try trunkID(entry, "maxID")
        let single = try trunkID(entry, "id").map { [$0] } ?? []
        switch (first, last) {
        case (nil, nil): return single
        case (let first?, let last?):
            guard first <= last else { throw error(entry, "minID is greater than maxID in trunk parameter") }
            return Array(first...last) + single
        case (nil, _): throw error(entry, "minID and maxID should be configured simultaneously, minID is missing")
        case (_, nil): throw error(entry, "minID and maxID should be configured simultaneously, maxID is missing")
        }
    }

    private static func trunkID(_ entry: JSONReader, _ name: String) throws -> UInt16? {
        guard let number: Int64 = try entry.optional(name) else { return nil }
        guard let id = valid(number) else { throw error(entry, "incorrect trunk \(name) parameter") }
        return id
    }

    private static func valid(_ number: Int64) -> UInt16? {
        UInt16(exactly: number).flatMap { BridgeVLAN.validIDs.contains($0) ? $0 : nil }
    }

    private static func error(_ entry: JSONReader, _ message: String) -> CNIError {
        CNIError(.invalidConfiguration, message, details: "\(entry.value)")
    }
}
