package import JSON

/// The members of `Backend` for the type `vxlan`.
package struct VXLANBackendSettings: Hashable, Sendable, JSONReadable {
    package let vni: UInt32
    /// Nil for the kernel's port, 8472.
    package let port: UInt16?
    /// Whether packets carry the group policy extension.
    package let hasGroupPolicy: Bool
    /// Whether the device learns from packets which host has a MAC address.
    package let isLearning: Bool
    /// Whether hosts on one link are routed to without encapsulation.
    package let routesDirectly: Bool
    /// Bytes of the packets that go from host to host; nil for as many as the interface lets through.
    package let outerMTU: UInt32?

    package init(reading reader: JSONReader) throws(JSONError) {
        vni = try reader.optional("VNI") ?? 1
        guard 1...0xff_ffff ~= vni else { throw reader.fail("expected 1 to 16777215, got \(vni)", at: "VNI") }
        let port: UInt16 = try reader.optional("Port") ?? 0
        self.port = port == 0 ? nil : port
        hasGroupPolicy = try reader.optional("GBP") ?? false
        isLearning = try reader.optional("Learning") ?? false
        routesDirectly = try reader.optional("DirectRouting") ?? false
        let mtu: UInt32 = try reader.optional("MTU") ?? 0
        outerMTU = mtu == 0 ? nil : mtu
    }
}
