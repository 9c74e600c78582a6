import Addressing
import Nftables

/// What a container's packets are known by in the maps of `Masquerade`.
enum MasqueradeKey: CaseIterable, Sendable {
    /// The interface by which they come in, and their source address.
    case interfaceAndAddress
    /// Their source address, whichever way they come.
    case address

    func map(_ family: AddressFamily, in table: Table) -> NftablesSet {
        switch self {
        case .interfaceAndAddress:
            NftablesSet(
                in: table, family == .v4 ? "sources4" : "sources6", [.interfaceName, .address(family)], to: .verdict)
        case .address:
            NftablesSet(
                in: table, family == .v4 ? "masquerade4" : "masquerade6", [.address(family)], to: .verdict)
        }
    }

    func lookup(_ family: AddressFamily, in table: Table) -> Statement {
        let fields: [Field] =
            switch self {
            case .interfaceAndAddress: [.inputInterface, .sourceAddress(family)]
            case .address: [.sourceAddress(family)]
            }
        return .verdict(of: fields, from: map(family, in: table))
    }
}
