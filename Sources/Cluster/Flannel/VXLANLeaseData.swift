package import Addressing
package import JSON

/// What a host of the backend `vxlan` tells of its device of one family.
package struct VXLANLeaseData: Hashable, Sendable, JSONReadable {
    /// Nil where an old daemon wrote none.
    package let vni: UInt32?
    package let mac: MACAddress

    package init(vni: UInt32, mac: MACAddress) {
        self.vni = vni
        self.mac = mac
    }

    package init(reading reader: JSONReader) throws(JSONError) {
        vni = try reader.optional("VNI")
        mac = try reader.required("VtepMAC")
        guard !mac.isMulticast, !mac.isZero else {
            throw reader.fail("expected the address of one interface, got \(mac)", at: "VtepMAC")
        }
    }

    package var value: JSONValue {
        ["VNI": .number(JSONNumber(vni ?? 1)), "VtepMAC": .string("\(mac)")]
    }
}
