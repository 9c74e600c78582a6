import Addressing
import JSON
import PacketRules

/// An entry of `runtimeConfig.portMappings`.
struct PortMapping: Hashable, Sendable, JSONReadable {
    let transport: TransportProtocol
    /// Nil for all addresses of both families.
    let hostAddress: IPAddress?
    let hostPort: UInt16
    let containerPort: UInt16

    init(reading reader: JSONReader) throws(JSONError) {
        hostPort = try Self.port(reader, "hostPort", "host")
        containerPort = try Self.port(reader, "containerPort", "container")
        let name: String = try reader.required("protocol")
        guard let transport = TransportProtocol(name) else {
            throw reader.fail("expected tcp, udp or sctp, got \"\(name)\"", at: "protocol")
        }
        self.transport = transport
        hostAddress = try reader.optionalAddress("hostIP")
    }

    private static func port(_ reader: JSONReader, _ member: String, _ what: String) throws(JSONError) -> UInt16 {
        let number: Int64 = try reader.optional(member) ?? 0
        guard let port = UInt16(exactly: number), port > 0 else {
            throw reader.fail("Invalid \(what) port number: \(number)", at: member)
        }
        return port
    }

    /// Where it leads in the container; nil when it is for addresses of the other family.
    func forward(to target: InterfaceAddress, masquerade: PortForward.Masquerading) -> PortForward? {
        let address = hostAddress ?? .any(target.address.family)
        guard address.family == target.address.family else { return nil }
        return PortForward(transport, address, hostPort, to: target, containerPort, masquerade: masquerade)
    }
}
