package import Addressing

/// Changes of a connection's addresses, in a chain whose hook is for them.
extension Statement {
    /// Gives the connection another destination: `dnat ip to 10.1.2.3:8080`; no port leaves it the one it has.
    ///
    /// With a port, the rule has to make sure of the protocol.
    package static func destinationNAT(to address: IPAddress, port: UInt16? = nil) -> Statement {
        let portRegister = port.map { _ in Register(word: 4) }
        var steps: [Expression] = [.immediate(address.bytes)]
        if let port, let portRegister {
            steps.append(.immediate(DataValue.inetService(port).bytes, into: portRegister))
        }
        return Statement([], steps + [.destinationNAT(address.family, to: .first, port: portRegister)])
    }

    /// Gives the connection the destination that a map has for the packet, if it has any: `dnat ip to meta l4proto . th
    /// dport map @map`.
    ///
    /// The map's data are addresses of the family, alone or with a port.
    package static func destinationNAT(
        _ family: AddressFamily, to fields: [Field], from map: NftablesSet
    ) -> Statement {
        let port: Register? =
            if case .values(let types) = map.dataType, types.count > 1 {
                Register(word: DataType.address(family).words)
            } else {
                nil
            }
        return Statement(
            fields.map(\.requirement),
            fields.load() + [.lookUp(in: map, into: .first), .destinationNAT(family, to: .first, port: port)])
    }

    /// Gives the connection another source: `snat ip to 10.1.2.3`.
    package static func sourceNAT(to address: IPAddress) -> Statement {
        Statement([], [.immediate(address.bytes), .sourceNAT(address.family, to: .first)])
    }

    /// Gives the connection the address of the interface that it leaves by: `masquerade`, `masquerade fully-random`.
    package static func masquerade(_ flags: NATFlags = []) -> Statement {
        Statement([], [.masquerade(flags)])
    }

    /// Gives the connection this host as its destination: `redirect to :8080`; the rule has to make sure of the protocol.
    package static func redirect(toPort port: UInt16) -> Statement {
        Statement([], [.immediate(DataValue.inetService(port).bytes), .redirect(toPort: .first)])
    }
}
