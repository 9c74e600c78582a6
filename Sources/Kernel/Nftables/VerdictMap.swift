package import Addressing
import LinuxSystem
import Netlink

/// A map from keys to verdicts, looked up in constant time: `type ipv4_addr : verdict`.
package struct VerdictMap: Hashable, Sendable, CustomStringConvertible {
    package var table: Table
    package var name: String
    package var keyType: KeyType

    package init(in table: Table, _ name: String, _ keyType: KeyType) {
        self.table = table
        self.name = name
        self.keyType = keyType
    }

    package var description: String {
        "\(table) \(name)"
    }

    /// What all keys of a map are.
    package enum KeyType: Hashable, Sendable {
        case address(AddressFamily)
        case interfaceName
    }

    /// One key of a map.
    package enum Key: Hashable, Sendable, CustomStringConvertible {
        case address(IPAddress)
        /// At most 15 bytes.
        case interfaceName(String)

        package var description: String {
            switch self {
            case .address(let address): "\(address)"
            case .interfaceName(let name): name
            }
        }
    }

    /// A key of a map, and what is decided about it.
    package struct Element: Hashable, Sendable {
        package var map: VerdictMap
        package var key: Key
        package var verdict: Verdict
        /// At most 128 bytes, without double quotes; nil for none.
        package var comment: String?

        package init(in map: VerdictMap, _ key: Key, _ verdict: Verdict, comment: String? = nil) {
            self.map = map
            self.key = key
            self.verdict = verdict
            self.comment = comment
        }
    }
}

extension VerdictMap.KeyType {
    /// The number that nft(8) has for the type, which the kernel keeps for it.
    var number: UInt32 {
        switch self {
        case .address(.v4): 7
        case .address(.v6): 8
        case .interfaceName: 41
        }
    }

    /// Bytes of a key.
    var length: Int {
        switch self {
        case .address(let family): family.bitWidth / 8
        case .interfaceName: VerdictMap.Key.interfaceNameLength
        }
    }
}

extension VerdictMap.Key {
    /// `IFNAMSIZ` of linux/if.h.
    fileprivate static let interfaceNameLength = 16

    /// As the kernel compares it; a name that is too long is cut off.
    var bytes: [UInt8] {
        switch self {
        case .address(let address): address.bytes
        case .interfaceName(let name): Self.padded(name)
        }
    }

    /// Reads a key of a map; nil when it has another length.
    init?(bytes: Span<UInt8>, of type: VerdictMap.KeyType) {
        guard bytes.count == type.length else { return nil }
        switch type {
        case .address:
            guard let address = IPAddress(bytes: bytes) else { return nil }
            self = .address(address)
        case .interfaceName: self = .interfaceName(bytes.string)
        }
    }

    private static func padded(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8.prefix(interfaceNameLength - 1))
        return bytes + Array(repeating: 0, count: interfaceNameLength - bytes.count)
    }
}
