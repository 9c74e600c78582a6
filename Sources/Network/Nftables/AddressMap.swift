public import Addressing

/// A map from addresses to verdicts, looked up in constant time: `type ipv4_addr : verdict`.
public struct AddressMap: Hashable, Sendable, CustomStringConvertible {
    public var table: Table
    public var name: String
    /// The family of the keys.
    public var family: AddressFamily

    public init(in table: Table, _ name: String, _ family: AddressFamily) {
        self.table = table
        self.name = name
        self.family = family
    }

    public var description: String {
        "\(table) \(name)"
    }

    /// An address of a map, and what is decided about it.
    public struct Element: Hashable, Sendable {
        public var map: AddressMap
        public var address: IPAddress
        public var verdict: Verdict
        /// At most 128 bytes, without double quotes; nil for none.
        public var comment: String?

        public init(in map: AddressMap, _ address: IPAddress, _ verdict: Verdict, comment: String? = nil) {
            self.map = map
            self.address = address
            self.verdict = verdict
            self.comment = comment
        }
    }
}

extension AddressFamily {
    /// The number that nft(8) has for the type, which the kernel keeps for it.
    var dataType: UInt32 {
        switch self {
        case .v4: 7
        case .v6: 8
        }
    }
}
