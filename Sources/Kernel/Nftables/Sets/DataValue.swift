package import Addressing
import CLinux
import Netlink

/// A value of a data type, written as nft(8) does.
package enum DataValue: Hashable, Sendable, CustomStringConvertible {
    case address(IPAddress)
    case etherAddress(MACAddress)
    case inetProtocol(InetProtocol)
    case inetService(UInt16)
    case mark(UInt32)
    /// At most 15 bytes; what is longer is cut off.
    case interfaceName(String)

    package var description: String {
        switch self {
        case .address(let address): "\(address)"
        case .etherAddress(let address): "\(address)"
        case .inetProtocol(let number): "\(number)"
        case .inetService(let port): "\(port)"
        case .mark(let mark): "0x" + String(mark, radix: 16)
        case .interfaceName(let name): name
        }
    }

    var type: DataType {
        switch self {
        case .address(let address): .address(address.family)
        case .etherAddress: .etherAddress
        case .inetProtocol: .inetProtocol
        case .inetService: .inetService
        case .mark: .mark
        case .interfaceName: .interfaceName
        }
    }

    /// As registers hold it.
    var bytes: [UInt8] {
        switch self {
        case .address(let address): return address.bytes
        case .etherAddress(let address): return address.bytes
        case .inetProtocol(let number): return [number.rawValue]
        case .inetService(let port): return [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        case .mark(let mark): return mark.hostBytes
        case .interfaceName(let name):
            let bytes = name.utf8.prefix(type.length - 1)
            return bytes + Array(repeating: 0, count: type.length - bytes.count)
        }
    }

    /// Reads a value; nil when it has another length.
    init?(_ bytes: Span<UInt8>, of type: DataType) {
        guard bytes.count == type.length else { return nil }
        switch type {
        case .address:
            guard let address = IPAddress(bytes: bytes) else { return nil }
            self = .address(address)
        case .etherAddress:
            guard let address = MACAddress(bytes: bytes) else { return nil }
            self = .etherAddress(address)
        case .inetProtocol: self = .inetProtocol(InetProtocol(rawValue: bytes[0]))
        case .inetService: self = .inetService(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        case .mark: self = .mark(bytes.indices.reduce(0) { $0 | UInt32(bytes[$1]) << (8 * $1) })
        case .interfaceName: self = .interfaceName(bytes.string)
        }
    }
}

/// What an IP packet carries, by its number in IANA's list.
package struct InetProtocol: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package init(_ transport: TransportProtocol) {
        rawValue = transport.rawValue
    }

    package static let tcp = InetProtocol(rawValue: UInt8(IPPROTO_TCP))
    package static let udp = InetProtocol(rawValue: UInt8(IPPROTO_UDP))
    package static let sctp = InetProtocol(rawValue: UInt8(IPPROTO_SCTP))

    package var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        default: "\(rawValue)"
        }
    }
}

/// A value, or a concatenation of several: `tcp . 80`.
extension [DataValue] {
    var text: String {
        map(\.description).joined(separator: " . ")
    }

    /// As registers hold it.
    var bytes: [UInt8] {
        let types = map(\.type)
        return flatMap { value in
            let bytes = value.bytes
            return bytes + Array<UInt8>(repeating: 0, count: types.stride(value.type) - bytes.count)
        }
    }
}

extension UInt32 {
    /// The bytes in the host's order, which is little-endian wherever this runs.
    var hostBytes: [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}
