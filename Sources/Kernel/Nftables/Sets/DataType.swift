package import Addressing

/// What a key of a set or the data of a map is made of: a data type of nft(8).
package enum DataType: Hashable, Sendable {
    /// `ipv4_addr`, `ipv6_addr`.
    case address(AddressFamily)
    /// `ether_addr`.
    case etherAddress
    /// `inet_proto`: what an IP packet carries.
    case inetProtocol
    /// `inet_service`: a port.
    case inetService
    /// `mark`.
    case mark
    /// `ifname`.
    case interfaceName

    /// The number that nft(8) has for the type, which the kernel keeps for it.
    var number: UInt32 {
        switch self {
        case .address(.v4): 7
        case .address(.v6): 8
        case .etherAddress: 9
        case .inetProtocol: 12
        case .inetService: 13
        case .mark: 19
        case .interfaceName: 41
        }
    }

    /// Bytes of a value.
    var length: Int {
        switch self {
        case .address(let family): family.bitWidth / 8
        case .etherAddress: 6
        case .inetProtocol: 1
        case .inetService: 2
        case .mark: 4
        case .interfaceName: 16  // IFNAMSIZ of linux/if.h
        }
    }

    /// How many words of registers a value takes.
    var words: Int {
        (length + 3) / 4
    }

    var byteOrder: ByteOrder {
        switch self {
        case .address, .etherAddress, .inetService: .network
        case .mark, .interfaceName: .host
        case .inetProtocol: .none
        }
    }

    /// nft's `enum byteorder`.
    enum ByteOrder: UInt32 {
        case none
        case host
        case network
    }
}

/// A type, or a concatenation of several: `inet_proto . inet_service`.
extension [DataType] {
    /// As nft(8) numbers concatenations: six bits a type.
    var number: UInt32 {
        reduce(0) { $0 << 6 | $1.number }
    }

    /// Bytes of a value.
    var length: Int {
        map(stride).reduce(0, +)
    }

    /// Bytes from one part to the next: in a concatenation, each begins with a word.
    func stride(_ type: DataType) -> Int {
        count > 1 ? type.words * 4 : type.length
    }

    var byteOrder: DataType.ByteOrder {
        count > 1 ? .none : first?.byteOrder ?? .none
    }

    /// Reads a value; nil when it has another length.
    func values(_ bytes: [UInt8]) -> [DataValue]? {
        guard bytes.count == length else { return nil }
        var offset = 0
        var values: [DataValue] = []
        for type in self {
            guard let value = DataValue(bytes.span.extracting(offset..<offset + type.length), of: type) else {
                return nil
            }
            values.append(value)
            offset += stride(type)
        }
        return values
    }
}
