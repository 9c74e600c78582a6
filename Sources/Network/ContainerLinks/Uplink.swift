import Addressing
import LinuxSystem
import RouteNetlink

/// The host's interface that a bridge reaches the hosts' own network by: a port of the bridge, which then has the addresses
/// and routes that the host had on the interface.
package struct Uplink: Sendable {
    package let choice: Choice
    /// Of the bridge.
    package let bridgeName: String
    /// Of the containers, in bytes; nil for the interface's.
    package let mtu: UInt32?

    package init(_ choice: Choice, of bridgeName: String, mtu: UInt32?) {
        self.choice = choice
        self.bridgeName = bridgeName
        self.mtu = mtu
    }

    /// Which interface it is.
    package enum Choice: Hashable, Sendable {
        case named(String)
        /// The one that the default route leads to.
        case ofDefaultRoute
    }

    /// Finds the interface and the bridge as they are.
    ///
    /// - Returns: the interface, which the bridge may have as a port, and the bridge; nil where there is none yet.
    /// - Throws: `ENODEV` where there is no such interface; `EBUSY` where the bridge has another uplink.
    func find(on host: inout RouteSocket) throws(SystemError) -> (link: Link, bridge: Bridge?) {
        let bridge = try host.link(named: bridgeName).map(Bridge.init)
        if let bridge, case .bridge = bridge.link.kind {
        } else if bridge != nil {
            throw SystemError(
                "use bridge", bridgeName, .exists, explanation: "\"\(bridgeName)\" already exists but is not a bridge")
        }
        let current = try bridge.flatMap { bridge throws(SystemError) in try bridge.uplink(on: &host) }
        let link = try chosen(bridge, current, on: &host)
        if let current, current.index != link.index {
            throw SystemError(
                "use uplink", link.name, .busy,
                explanation: "bridge \(bridgeName) has the uplink \(current.name) as long as containers are on it")
        }
        return (link, bridge)
    }

    private func chosen(
        _ bridge: Bridge?, _ current: Link?, on host: inout RouteSocket
    ) throws(SystemError) -> Link {
        switch choice {
        case .named(let name):
            guard let link = try host.link(named: name) else { throw SystemError("find uplink", name, .noSuchDevice) }
            return link
        case .ofDefaultRoute:
            guard let link = try host.defaultRouteLink() else {
                throw SystemError(
                    "find uplink", nil, .noSuchDevice,
                    explanation: "no default route leads to an interface; name one, as in \"uplink\": \"eth0\"")
            }
            guard link.index == bridge?.link.index else { return link }
            // Where an administrator made the bridge, a port of it that is no container's leads on.
            if let current { return current }
            let ports = try host.links().filter { $0.master == link.index }
            if let port = ports.first(where: { $0.alias?.hasPrefix("cni ") != true }) { return port }
            throw SystemError(
                "find uplink", nil, .noSuchDevice,
                explanation: "the default route leads to bridge \(link.name) itself; name an interface")
        }
    }
}

/// What the alias of an uplink says while it is a port by this suite's doing.
struct UplinkMark {
    /// The alias that it had before; nil for none.
    let alias: String?
    /// Whether it is taken down when it is no port any more, as it was before.
    let wasDown: Bool

    private static let up = "cni uplink:"
    private static let down = "cni uplink, down before:"

    init(of link: Link) {
        if let mark = UplinkMark(link.alias) {
            self = mark
        } else {
            alias = link.alias
            wasDown = !link.isUp
        }
    }

    /// Nil for the alias of a link that is no uplink.
    ///
    /// A network's name has no colon, so that no container's is taken for one.
    init?(_ text: String?) {
        guard let text, let prefix = [Self.up, Self.down].first(where: text.hasPrefix) else { return nil }
        let rest = text.dropFirst(prefix.count).drop { $0 == " " }
        alias = rest.isEmpty ? nil : String(rest)
        wasDown = prefix == Self.down
    }

    var text: String {
        ([wasDown ? Self.down : Self.up] + (alias.map { [$0] } ?? [])).joined(separator: " ")
    }
}

extension Bridge {
    /// The port that this suite made its uplink; nil for none.
    func uplink(on host: inout RouteSocket) throws(SystemError) -> Link? {
        try host.links().first { $0.master == link.index && $0.isUplink }
    }
}

extension Link {
    /// Whether it was made the uplink of a bridge by this suite.
    var isUplink: Bool { UplinkMark(alias) != nil }
}
