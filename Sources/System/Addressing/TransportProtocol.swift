/// A protocol whose connections have ports, by its number in IANA's list.
package enum TransportProtocol: UInt8, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    case tcp = 6
    case udp = 17
    case sctp = 132

    package var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        }
    }

    /// Reads the name of a protocol in letters of any size.
    package init?(_ name: String) {
        guard let named = Self.allCases.first(where: { "\($0)" == name.lowercased() }) else { return nil }
        self = named
    }
}
