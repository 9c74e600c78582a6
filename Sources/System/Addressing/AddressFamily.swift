/// The two kinds of IP address.
package enum AddressFamily: CaseIterable, Hashable, Sendable, CustomStringConvertible {
    case v4
    case v6

    /// Number of bits in an address of this family, which is also its longest prefix length.
    package var bitWidth: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    package var description: String {
        switch self {
        case .v4: "IPv4"
        case .v6: "IPv6"
        }
    }
}
