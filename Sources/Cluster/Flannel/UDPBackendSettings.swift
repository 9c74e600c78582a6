package import JSON

/// The members of `Backend` for the type `udp`.
package struct UDPBackendSettings: Hashable, Sendable, JSONReadable {
    /// Nil for the reference's port, 8285.
    package let port: UInt16?

    package init(reading reader: JSONReader) throws(JSONError) {
        let port: UInt16 = try reader.optional("Port") ?? 0
        self.port = port == 0 ? nil : port
    }
}
