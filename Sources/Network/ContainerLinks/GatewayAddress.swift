package import Addressing
package import LinuxSystem
package import RouteNetlink

/// A gateway's address on a bridge, or on the interface that a bridge has in one VLAN.
package struct GatewayAddress: Sendable {
    package let address: InterfaceAddress
    /// Whether addresses in the way are deleted.
    package let replacesOthers: Bool

    package init(_ address: InterfaceAddress, replacesOthers: Bool) {
        self.address = address
        self.replacesOthers = replacesOthers
    }

    /// Sees that an interface has the address, and that it can be used.
    ///
    /// IPv4 has room for one network, IPv6 for several that do not overlap. On an interface of this suite an address in
    /// the way goes if it is the suite's own and no container uses its network any more; else it stays beside the new one.
    ///
    /// - Parameters:
    ///   - link: the bridge, or its interface in a VLAN.
    ///   - bridge: whose ports lead to the containers, of which the one that needs the gateway has its address already:
    ///     whoever decides about gateways after that sees that it is needed.
    ///   - host: the namespace that both are in.
    /// - Returns: the addresses that were in the way and stay, each once; none when nothing had to be done.
    /// - Throws: `EEXIST` when another address is in the way and may not go; `ETIMEDOUT` when others decide too long, or
    ///   the kernel does not let the address be used.
    package func ensure(
        on link: Link, of bridge: Bridge, on host: inout RouteSocket
    ) throws(SystemError) -> [Kept] {
        let present = try GatewayLock.withNoDecision { () throws(SystemError) in
            try Self.addresses(address.address.family, of: link, on: &host).first { $0.address == address }
        }
        if let present, !present.isTentative { return [] }
        let kept = present == nil ? try add(to: link, of: bridge, on: &host, holding: GatewayLock()) : []
        // The kernel may take seconds, in which others decide what they have to.
        if address.address.family == .v6 { try waitUntilUsable(on: link, &host) }
        return kept
    }

    private func add(
        to link: Link, of bridge: Bridge, on host: inout RouteSocket, holding lock: borrowing GatewayLock
    ) throws(SystemError) -> [Kept] {
        let assigned = try Self.addresses(address.address.family, of: link, on: &host)
        let present = assigned.map(\.address)
        // Another plugin may have added it just now.
        guard !present.contains(address) else { return [] }
        let inTheWay = present.filter(isInTheWay)
        let own = assigned.filter(\.isOurs).map(\.address)
        var obsolete = inTheWay
        if !inTheWay.isEmpty && !replacesOthers {
            guard bridge.isOurs else { throw conflict(with: inTheWay, on: link) }
            obsolete = try bridge.unused(inTheWay.filter(own.contains), among: present + [address], on: &host)
        }
        let kept = inTheWay.filter { !obsolete.contains($0) }
        // The kernel has an IPv6 address once on an interface, whatever its length.
        if kept.contains(where: { $0.address == address.address }) { throw conflict(with: kept, on: link) }
        try Self.delete(obsolete, from: link, sparingOthers: !replacesOthers, on: &host)
        do throws(SystemError) {
            try host.perform(.add(address, to: link.index, link.name, detectsDuplicates: false, isOurs: true))
        } catch  where error.code == .exists {
            // Another program was faster.
        }
        try pinMAC(of: link, on: &host)
        return kept.map { Kept(address: $0, isOurs: own.contains($0)) }
    }

    private static func addresses(
        _ family: AddressFamily, of link: Link, on host: inout RouteSocket
    ) throws(SystemError) -> [AssignedAddress] {
        try host.assignedAddresses(of: link.index).filter { $0.address.address.family == family }
    }

    /// An address that was in the way and stays.
    package struct Kept: Sendable {
        package let address: InterfaceAddress
        /// It goes when no container uses it any more; what is not ours is its maker's to take away.
        package let isOurs: Bool
    }

    /// Without it the gateway would not answer the container's first packets.
    private func waitUntilUsable(on link: Link, _ host: inout RouteSocket) throws(SystemError) {
        try host.waitUntilUsable([address], on: link, milliseconds: Self.deadline) {
            () throws(SystemError) in try RouteMonitor(.ipv6Addresses)
        }
    }

    private static let deadline = 10_000

    private func isInTheWay(_ other: InterfaceAddress) -> Bool {
        address.address.family == .v4 || other.network.overlaps(address.network)
    }

    private func conflict(with others: [InterfaceAddress], on link: Link) -> SystemError {
        let list = others.map { "\($0)" }.joined(separator: ", ")
        return SystemError(
            "add address \(address) to bridge", link.name, .exists,
            explanation: "\"\(link.name)\" already has an IP address different from \(address): \(list); set "
                + "\"forceAddress\": true to replace it, or delete the address")
    }

    /// Keeps a bridge that others made from following its ports' MAC addresses, now that it is a gateway.
    private func pinMAC(of link: Link, on host: inout RouteSocket) throws(SystemError) {
        guard case .bridge = link.kind else { return }
        var change = LinkChange()
        let current = link.mac.flatMap { $0.isZero ? nil : $0 }
        change.mac = current ?? MACAddress(locallyAdministeredFrom: .random(in: 0 ... .max))
        try host.perform(.change(link.index, link.name, to: change))
    }
}

extension GatewayAddress {
    /// Deletes gateways' addresses whose networks no container uses any more, as long as one of the family is in use.
    ///
    /// Containers' networks can change while containers of the old one still run; this is what ends it. Addresses that
    /// others gave the bridge stay; so do all with a kernel before 5.18, which does not keep whose they are.
    ///
    /// - Parameters:
    ///   - link: the bridge, or its interface in a VLAN.
    ///   - bridgeName: of the bridge whose ports lead to the containers.
    ///   - host: the namespace that both are in.
    ///   - lock: for deciding.
    /// - Throws: what the kernel refused.
    package static func deleteObsolete(
        on link: Link, of bridgeName: String, on host: inout RouteSocket, holding lock: borrowing GatewayLock
    ) throws(SystemError) {
        guard let bridge = try host.link(named: bridgeName).map(Bridge.init) else { return }
        let present = try host.assignedAddresses(of: link.index).filter(\.isOurs).map(\.address)
        for family in AddressFamily.allCases {
            let addresses = present.filter { $0.address.family == family }
            guard addresses.count > 1 else { continue }
            let unused = try bridge.unused(addresses, among: addresses, on: &host)
            guard unused.count < addresses.count else { continue }
            try delete(unused, from: link, sparingOthers: true, on: &host)
        }
    }

    /// Deletes addresses.
    ///
    /// With the first one of an IPv4 network the kernel deletes all others, unless it is told to spare them.
    static func delete(
        _ addresses: [InterfaceAddress], from link: Link, sparingOthers sparesOthers: Bool, on host: inout RouteSocket
    ) throws(SystemError) {
        if sparesOthers && addresses.contains(where: { $0.address.family == .v4 }) {
            try? Sysctl.ensure("net/ipv4/conf/\(link.name)/promote_secondaries", is: "1")
        }
        for address in addresses {
            do throws(SystemError) {
                try host.perform(.delete(address, from: link.index, link.name))
            } catch  where error.code == .addressNotAvailable {
                // Gone already, with the one that it was secondary to.
            }
        }
    }
}

extension Bridge {
    /// Those of the addresses in whose networks nothing on the bridge has an address; what lies in several networks counts
    /// for the smallest.
    ///
    /// Whatever cannot be asked is taken to use all of them: a port that is no veth or whose other end is out of sight, and
    /// one without an address of its own, as when a bridge or a virtual machine in the container is behind it.
    func unused(
        _ addresses: [InterfaceAddress], among gateways: [InterfaceAddress], on host: inout RouteSocket
    ) throws(SystemError) -> [InterfaceAddress] {
        var unused = addresses
        let networks = Set(gateways.map(\.network)).sorted { $0.prefixLength > $1.prefixLength }
        for port in try containerPorts(on: &host) {
            guard !unused.isEmpty else { break }
            guard let peer = port.peer, let used = try? Self.addresses(behind: peer, on: &host) else { return [] }
            let usedNetworks = Set(used.compactMap { address in networks.first { $0.contains(address) } })
            unused.removeAll { usedNetworks.contains($0.network) }
        }
        return unused
    }

    /// The addresses in some networks that containers on the bridge have, as far as they can be asked.
    func users(of networks: [CIDR], on host: inout RouteSocket) throws(SystemError) -> Set<IPAddress> {
        var users: Set<IPAddress> = []
        for port in try containerPorts(on: &host) {
            guard let peer = port.peer, let used = try? Self.addresses(behind: peer, on: &host) else { continue }
            users.formUnion(used.lazy.filter { address in networks.contains { $0.contains(address) } })
        }
        return users
    }

    /// A VLAN's gateway hangs on a port as well, and is what the addresses are on; behind an uplink are no containers.
    private func containerPorts(on host: inout RouteSocket) throws(SystemError) -> [Link] {
        try host.links().filter { $0.master == link.index && $0.alias != Self.alias && !$0.isUplink }
    }

    /// All addresses in the namespace of a port's other end; nil where they may not be all that is behind it.
    private static func addresses(
        behind peer: LinkReference, on host: inout RouteSocket
    ) throws(SystemError) -> [IPAddress]? {
        guard let namespace = peer.namespace,
            let link = try host.link(at: peer.index, inNamespace: namespace), link.master == nil
        else { return nil }
        let assigned = try host.addresses(inNamespace: namespace)
        guard assigned.contains(where: { $0.index == peer.index && !$0.address.address.isLinkLocal }) else {
            return nil
        }
        return assigned.map(\.address.address)
    }
}
