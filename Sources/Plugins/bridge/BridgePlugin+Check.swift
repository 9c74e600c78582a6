import Addressing
import CNI
import HostNetwork
import LinuxSystem
import RouteNetlink

/// CHECK and STATUS.
extension BridgePlugin {
    func check(_ invocation: Invocation) throws {
        let configuration = try BridgeConfiguration(invocation.configuration)
        let namespace = try invocation.openNamespace()
        if let ipam = configuration.ipam { try Delegate(ipam, for: invocation.configuration).check() }
        guard let previous = try invocation.configuration.previousResult() else {
            throw CNIError(.invalidConfiguration, "Required prevResult missing")
        }
        var host = try RouteSocket()
        var container = try RouteSocket(in: namespace)
        let bridge = try checkBridge(configuration, previous, on: &host)
        let interface = try checkContainer(invocation, previous, in: &container)
        try checkPort(of: bridge, leadingTo: interface, previous, on: &host)
        try checkAddresses(of: interface, previous, in: &container)
        try checkRoutes(of: interface, previous, in: &container)
    }

    func status(_ configuration: NetworkConfiguration) throws {
        let bridge = try BridgeConfiguration(configuration)
        var host = try RouteSocket()
        if let link = try host.link(named: bridge.bridge), link.kind != "bridge" {
            throw CNIError(.notAvailable, "\"\(bridge.bridge)\" already exists but is not a bridge")
        }
        if let ipam = bridge.ipam { try Delegate(ipam, for: configuration).status() }
    }

    private func checkBridge(
        _ configuration: BridgeConfiguration, _ previous: CNIResult, on host: inout RouteSocket
    ) throws -> Link {
        let name = configuration.bridge
        guard let expected = previous.interfaces.first(where: { $0.name == name && ($0.sandbox ?? "").isEmpty }) else {
            throw difference("bridge \(name) is not in prevResult")
        }
        guard let link = try host.link(named: name) else { throw difference("Interface \(name) not found") }
        guard link.kind == "bridge" else { throw difference("Interface \(name) does not have link type of bridge") }
        try checkMAC(of: link, expected, "Bridge interface \(name)")
        guard link.isPromiscuous == configuration.isPromiscuous || !configuration.isPromiscuous else {
            throw difference(
                "Bridge interface \(name) configured Promisc Mode true doesn't match current state: false")
        }
        return link
    }

    private func checkContainer(
        _ invocation: Invocation, _ previous: CNIResult, in container: inout RouteSocket
    ) throws -> Link {
        let name = invocation.interfaceName
        let path = invocation.namespacePath ?? ""
        guard let expected = previous.interfaces.first(where: { $0.name == name && !($0.sandbox ?? "").isEmpty }) else {
            throw difference("interface \(name) of the container is not in prevResult")
        }
        guard expected.sandbox == path else {
            throw difference("Sandbox in prevResult \(expected.sandbox ?? "") doesn't match configured netns: \(path)")
        }
        guard let link = try container.link(named: name) else { throw difference("Interface \(name) not found") }
        guard link.kind == "veth" else { throw difference("Error: Container interface \(name) not of type veth") }
        try checkMAC(of: link, expected, "Interface \(name)")
        return link
    }

    private func checkPort(
        of bridge: Link, leadingTo interface: Link, _ previous: CNIResult, on host: inout RouteSocket
    ) throws {
        for expected in previous.interfaces where (expected.sandbox ?? "").isEmpty && expected.name != bridge.name {
            guard let link = try host.link(named: expected.name), link.kind == "veth",
                link.peer == interface.index, interface.peer == link.index, link.master == bridge.index
            else { continue }
            return try checkMAC(of: link, expected, "Interface \(link.name)")
        }
        throw difference("CNI veth created for bridge \(bridge.name) was not found")
    }

    private func checkAddresses(
        of interface: Link, _ previous: CNIResult, in container: inout RouteSocket
    ) throws {
        let present = try container.addresses(of: interface.index)
        for expected in previous.addresses where expected.isOn(interface, previous) {
            guard present.contains(expected.address) else {
                throw difference("Failed to match addr \(expected.address) on interface \(interface.name)")
            }
        }
    }

    /// Looks for each route of the result among those of all tables; others may have been added since.
    private func checkRoutes(
        of interface: Link, _ previous: CNIResult, in container: inout RouteSocket
    ) throws {
        var present: [AddressFamily: [Route]] = [:]
        for expected in previous.routes {
            let family = expected.destination.family
            let routes = try present[family] ?? container.routes(family)
            present[family] = routes
            guard routes.contains(where: { $0.fulfils(expected) }) else {
                throw difference("Expected Route \(expected.summary) not found in routing table")
            }
        }
    }

    private func checkMAC(of link: Link, _ expected: CNIResult.Interface, _ what: String) throws {
        guard let mac = expected.mac, !mac.isEmpty else { return }
        guard link.mac == MACAddress(mac) else {
            throw difference(
                "\(what) Mac doesn't match: \(mac) in prevResult, \(link.mac.map { "\($0)" } ?? "none") now")
        }
    }

    private func difference(_ text: String) -> CNIError { CNIError(.other, text) }
}

extension CNIResult.Address {
    /// Whether the result says that the address is on an interface; one that names none is taken to be.
    fileprivate func isOn(_ link: Link, _ result: CNIResult) -> Bool {
        guard let interface else { return true }
        return result.interfaces.indices.contains(interface) && result.interfaces[interface].name == link.name
    }
}

extension CNIResult.Route {
    fileprivate var summary: String { gateway.map { "\(destination) via \($0)" } ?? "\(destination)" }
}

extension Route {
    /// Whether this is the route that a result tells of, as far as it tells.
    fileprivate func fulfils(_ expected: CNIResult.Route) -> Bool {
        destination == expected.destination && table == expected.table ?? Self.mainTable
            // Another plugin may have moved the default route; it still is one.
            && (destination.isDefault || expected.gateway == nil || gateway == expected.gateway)
    }
}
