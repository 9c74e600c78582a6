package import Addressing
import CLinux
import LinuxSystem
import Netlink

/// A connection as the kernel keeps it: where its packets come from and go to, in both directions.
package struct TrackedConnection: Hashable, Sendable {
    package let transport: TransportProtocol
    /// Of the first packet, before any address was changed.
    package let original: Tuple
    /// Of the answers, before any address is changed.
    package let reply: Tuple
    /// Keeps apart what has the same addresses; 0 for nearly all.
    let zone: UInt16
    /// What a later connection with the same addresses most often does not have.
    let identifier: UInt32?

    package struct Tuple: Hashable, Sendable {
        package let source: IPAddress
        package let sourcePort: UInt16
        package let destination: IPAddress
        package let destinationPort: UInt16
    }
}

extension TrackedConnection: CustomStringConvertible {
    /// `udp 192.0.2.9:4711 to 192.0.2.1:53`.
    package var description: String {
        func text(_ address: IPAddress, _ port: UInt16) -> String {
            address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        }
        let source = text(original.source, original.sourcePort)
        return "\(transport) \(source) to \(text(original.destination, original.destinationPort))"
    }
}

// MARK: - Decoding

extension TrackedConnection {
    /// Reads `enum ctattr_type`; nil for a connection without ports.
    init?(_ attributes: Span<UInt8>) throws(SystemError) {
        var original: (UInt8, Tuple)?
        var reply: (UInt8, Tuple)?
        var zone: UInt16 = 0
        var identifier: UInt32?
        try attributes.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(CTA_TUPLE_ORIG.rawValue): original = try Self.tuple(value)
            case AttributeType(CTA_TUPLE_REPLY.rawValue): reply = try Self.tuple(value)
            case AttributeType(CTA_ZONE.rawValue): zone = UInt16(bigEndian: try value.integer())
            case AttributeType(CTA_ID.rawValue): identifier = UInt32(bigEndian: try value.integer())
            default: break
            }
        }
        guard let original, let reply, let transport = TransportProtocol(rawValue: original.0) else { return nil }
        self.init(
            transport: transport, original: original.1, reply: reply.1, zone: zone, identifier: identifier)
    }

    /// Reads `enum ctattr_tuple`: the number of the protocol, addresses and ports.
    private static func tuple(_ attributes: Span<UInt8>) throws(SystemError) -> (UInt8, Tuple)? {
        var addresses: [IPAddress?] = [nil, nil]
        var ports: [UInt16?] = [nil, nil]
        var number: UInt8 = 0
        try attributes.forEachAttribute { (type, nested) throws(SystemError) in
            try nested.forEachAttribute { (inner, value) throws(SystemError) in
                switch (type, inner) {
                case (.addresses, .source(.v4)), (.addresses, .source(.v6)): addresses[0] = IPAddress(bytes: value)
                case (.addresses, .destination(.v4)), (.addresses, .destination(.v6)):
                    addresses[1] = IPAddress(bytes: value)
                case (.transport, .number): number = try value.integer()
                case (.transport, .sourcePort): ports[0] = UInt16(bigEndian: try value.integer())
                case (.transport, .destinationPort): ports[1] = UInt16(bigEndian: try value.integer())
                default: break
                }
            }
        }
        guard let source = addresses[0], let destination = addresses[1], let from = ports[0], let to = ports[1] else {
            return nil
        }
        return (number, Tuple(source: source, sourcePort: from, destination: destination, destinationPort: to))
    }
}

/// `enum ctattr_tuple` and what is nested in it.
extension AttributeType {
    static let addresses = AttributeType(CTA_TUPLE_IP.rawValue)
    static let transport = AttributeType(CTA_TUPLE_PROTO.rawValue)

    static func source(_ family: AddressFamily) -> AttributeType {
        AttributeType(family == .v4 ? CTA_IP_V4_SRC.rawValue : CTA_IP_V6_SRC.rawValue)
    }

    static func destination(_ family: AddressFamily) -> AttributeType {
        AttributeType(family == .v4 ? CTA_IP_V4_DST.rawValue : CTA_IP_V6_DST.rawValue)
    }

    static let number = AttributeType(CTA_PROTO_NUM.rawValue)
    static let sourcePort = AttributeType(CTA_PROTO_SRC_PORT.rawValue)
    static let destinationPort = AttributeType(CTA_PROTO_DST_PORT.rawValue)
}
