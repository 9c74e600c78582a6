import Addressing
package import CNI
package import LinuxSystem
package import RouteNetlink

/// A container's interface compared with what ADD's result says of it.
///
/// What later plugins of the chain added is no difference.
package struct ContainerInspection: ~Copyable {
    /// What ADD's chain made of it.
    package let previous: CNIResult
    private let invocation: Invocation
    /// A socket in the container's namespace.
    package var socket: RouteSocket

    /// - Throws: code 7 without a previous result, 8 without the container's namespace.
    package init(_ invocation: Invocation) throws {
        let namespace = try invocation.openNamespace()
        guard let previous = try invocation.configuration.previousResult() else {
            throw CNIError(.invalidConfiguration, "Required prevResult missing")
        }
        let container = try RouteSocket(in: namespace)
        self.invocation = invocation
        self.previous = previous
        socket = container
    }

    /// Looks for the interface.
    ///
    /// - Parameters:
    ///   - kind: what it is to be, as `ip -d link` calls it; nil for any.
    ///   - mayBeDown: whether it need not be up.
    ///   - differences: takes what is otherwise.
    /// - Returns: nil where there is none of that kind.
    /// - Throws: what keeps it from looking.
    package mutating func inspectLink(
        kind: String?, mayBeDown: Bool, _ differences: inout Differences
    ) throws(SystemError) -> Link? {
        let name = invocation.interfaceName
        let path = invocation.namespacePath ?? ""
        guard let expected else {
            differences.note("interface \(name) of the container is not in prevResult")
            return nil
        }
        guard expected.sandbox == path else {
            differences.note(
                "Sandbox in prevResult \(expected.sandbox ?? "") doesn't match configured netns: \(path)")
            return nil
        }
        guard let link = try socket.link(named: name) else {
            differences.note("Interface \(name) not found")
            return nil
        }
        if let kind, link.kind.name != kind {
            differences.note("Error: Container interface \(name) not of type \(kind)")
            return nil
        }
        differences.compareMAC(of: link, expected, "Interface \(name)")
        if !link.isUp && !mayBeDown { differences.note("Interface \(name) is down") }
        return link
    }

    /// What the previous result says of the interface.
    package var expected: CNIResult.Interface? {
        previous.interfaces.first { $0.name == invocation.interfaceName && !$0.isOnHost }
    }

    /// Looks for each address of the result on the interface.
    package mutating func inspectAddresses(
        of interface: Link, _ differences: inout Differences
    ) throws(SystemError) {
        let present = try socket.addresses(of: interface.index)
        for expected in previous.addresses where expected.isOn(interface, previous) {
            guard !present.contains(expected.address) else { continue }
            differences.note("Failed to match addr \(expected.address) on interface \(interface.name)")
        }
    }

    /// Looks for each route of the result among those of all tables; others may have been added since.
    package mutating func inspectRoutes(_ differences: inout Differences) throws(SystemError) {
        for family in AddressFamily.allCases {
            let expected = previous.routes.filter { $0.destination.family == family }
            guard !expected.isEmpty else { continue }
            let present = try socket.routes(family)
            for route in expected where !present.contains(where: { $0.fulfils(route) }) {
                differences.note("Expected Route \(route.summary) not found in routing table")
            }
        }
    }
}

extension CNIResult.Interface {
    /// Whether it is not in a container.
    package var isOnHost: Bool { (sandbox ?? "").isEmpty }
}

extension CNIResult.Address {
    /// Whether the result says that the address is on an interface; one that names none is taken to be.
    fileprivate func isOn(_ link: Link, _ result: CNIResult) -> Bool {
        guard let interface else { return true }
        return result.interfaces.indices.contains(interface) && result.interfaces[interface].name == link.name
    }
}

extension CNIResult.Route {
    fileprivate var summary: String {
        var words = [gateway.map { "\(destination) via \($0)" } ?? "\(destination)"]
        if let table { words.append("table \(table)") }
        if let priority { words.append("metric \(priority)") }
        if let mtu { words.append("mtu \(mtu)") }
        if let advertisedMSS { words.append("advmss \(advertisedMSS)") }
        return words.joined(separator: " ")
    }
}

extension RouteNetlink.Route {
    /// Whether this is the route that a result tells of, as far as it tells.
    fileprivate func fulfils(_ expected: CNIResult.Route) -> Bool {
        func agrees<Value: Equatable>(_ wanted: Value?, _ present: Value?) -> Bool {
            wanted == nil || wanted == present
        }
        return destination == expected.destination && table == expected.table ?? Self.mainTable
            // Another plugin may have moved the default route; it still is one.
            && (destination.isDefault || agrees(expected.gateway, gateway))
            && agrees(expected.priority, priority ?? Self.defaultPriority(destination.family))
            && agrees(expected.mtu, mtu)
            && agrees(expected.advertisedMSS, advertisedMSS)
            // IPv6 has no scopes.
            && (destination.family == .v6 || agrees(expected.scope, scope))
    }
}
