import Addressing
import LinuxSystem
import RouteNetlink

/// How the user has this host's interface to the others found.
package struct UnderlayChoice: Hashable, Sendable {
    /// Names or addresses, of which the first that is there counts.
    package var interfaces: [String] = []
    /// Regular expressions for addresses and names.
    package var expressions: [String] = []
    /// The interface by which this is reached.
    package var reachable: String?
    /// Where the other hosts send packets; nil for the interface's address.
    package var publicIP: String?
    package var publicIPv6: String?

    package init() {}
}

/// This host's interface to the others, and its addresses.
struct HostUnderlay: Hashable, Sendable {
    let link: Link
    /// Where packets come from, of the families that the network has.
    let local: [AddressFamily: IPAddress]
    /// Where the others send packets.
    let announced: [AddressFamily: IPAddress]

    /// Finds the interface, in the order of the reference.
    ///
    /// - Parameters:
    ///   - choice: what the user said.
    ///   - families: of which addresses are needed.
    ///   - host: a socket in the namespace of the overlay.
    /// - Throws: `UnderlayError`; what the kernel refused to tell.
    init(_ choice: UnderlayChoice, families: [AddressFamily], on host: inout RouteSocket) throws {
        let addresses = try host.addresses()
        let found = try Self.find(choice, families: families, among: addresses, on: &host)
        guard let link = try host.link(at: found.index) else { throw UnderlayError.gone }
        guard link.mtu > 0 else { throw UnderlayError("interface \(link.name) has no MTU") }
        self.link = link
        var local: [AddressFamily: IPAddress] = [:]
        var announced: [AddressFamily: IPAddress] = [:]
        for family in families {
            let own = found.source?.family == family ? found.source : nil
            guard let address = own ?? Self.best(family, among: addresses.filter { $0.index == found.index }) else {
                throw UnderlayError("interface \(link.name) has no \(family) address that the other hosts could reach")
            }
            local[family] = address
            announced[family] = try Self.announced(choice, family) ?? address
        }
        self.local = local
        self.announced = announced
    }

    private static func announced(_ choice: UnderlayChoice, _ family: AddressFamily) throws -> IPAddress? {
        let (name, text) = family == .v4 ? ("public-ip", choice.publicIP) : ("public-ipv6", choice.publicIPv6)
        guard let text, !text.isEmpty else { return nil }
        guard let address = IPAddress(text), address.family == family else {
            throw UnderlayError("--\(name): expected an \(family) address, got \"\(text)\"")
        }
        return address
    }

    private static func find(
        _ choice: UnderlayChoice, families: [AddressFamily], among addresses: [AssignedAddress],
        on host: inout RouteSocket
    ) throws -> (index: InterfaceIndex, source: IPAddress?) {
        for text in choice.interfaces {
            if let address = IPAddress(text) {
                if let own = addresses.first(where: { $0.address.address == address }) { return (own.index, address) }
            } else if let link = try host.link(named: text) {
                return (link.index, nil)
            }
        }
        if let match = try match(choice.expressions, among: addresses, try host.links()) { return match }
        if let text = choice.reachable, !text.isEmpty {
            guard let address = IPAddress(text) else {
                throw UnderlayError("--iface-can-reach: expected an address, got \"\(text)\"")
            }
            guard let way = try host.way(to: address), let device = way.device else {
                throw UnderlayError("--iface-can-reach: there is no route to \(address)")
            }
            return (device, way.preferredSource)
        }
        guard choice.interfaces.isEmpty, choice.expressions.isEmpty else {
            throw UnderlayError(
                "Failed to find interface to use that matches the interfaces and/or regexes provided: "
                    + (choice.interfaces + choice.expressions).joined(separator: ", "))
        }
        return try findUntold(choice, families: families, among: addresses, on: &host)
    }

    private static func match(
        _ expressions: [String], among addresses: [AssignedAddress], _ links: [Link]
    ) throws -> (index: InterfaceIndex, source: IPAddress?)? {
        for text in expressions {
            guard let expression = try? Regex(text) else {
                throw UnderlayError("--iface-regex: \"\(text)\" is no regular expression")
            }
            let usable = addresses.filter { !$0.address.address.isLoopback }
            if let own = usable.first(where: { "\($0.address.address)".contains(expression) }) {
                return (own.index, own.address.address)
            }
            if let link = links.first(where: { $0.name.contains(expression) }) { return (link.index, nil) }
        }
        return nil
    }

    /// By the public address, or else by the default route.
    private static func findUntold(
        _ choice: UnderlayChoice, families: [AddressFamily], among addresses: [AssignedAddress],
        on host: inout RouteSocket
    ) throws -> (index: InterfaceIndex, source: IPAddress?) {
        for family in families {
            guard let address = try announced(choice, family) else { continue }
            guard let own = addresses.first(where: { $0.address.address == address }) else {
                throw UnderlayError(
                    "Failed to find any valid interface to use: no interface has \(address); behind address "
                        + "translation, name the interface by --iface")
            }
            return (own.index, address)
        }
        for family in families {
            if let device = try host.mainRoutes(family).first(where: { $0.destination.isDefault })?.device {
                return (device, nil)
            }
        }
        throw UnderlayError(
            "Failed to find any valid interface to use: there is no default route; name the interface by --iface")
    }

    /// What can be reached from everywhere goes first, then what stays.
    private static func best(_ family: AddressFamily, among addresses: [AssignedAddress]) -> IPAddress? {
        let usable = addresses.filter {
            $0.address.address.family == family && !$0.address.address.isLoopback && !$0.isDeprecated
                && !$0.isTentative && !$0.isDuplicate
        }
        // The kernel's order counts among equals, so the sort has to be stable: it is by place.
        let ranked = usable.enumerated().min { left, right in
            rank(left.element, left.offset).lexicographicallyPrecedes(rank(right.element, right.offset))
        }
        return ranked?.element.address.address
    }

    private static func rank(_ address: AssignedAddress, _ place: Int) -> [Int] {
        [address.address.address.isLinkLocal ? 1 : 0, address.isPermanent ? 0 : 1, address.isTemporary ? 1 : 0, place]
    }
}

/// Why there is no interface to the other hosts.
struct UnderlayError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    static let gone = UnderlayError("the interface to the other hosts has just gone")
}
