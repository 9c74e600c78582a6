import Addressing
import CNI
import LinuxSystem
import Netlink
import PluginKit
import RouteNetlink

/// The rules and routes of a container.
struct ContainerRouting: ~Copyable {
    private var socket: RouteSocket
    private let invocation: Invocation

    /// - Throws: code 8 without a namespace.
    init(_ invocation: Invocation) throws {
        let namespace = try invocation.openNamespace()
        let socket = try RouteSocket(in: namespace)
        self.socket = socket
        self.invocation = invocation
    }

    /// - Throws: code 7 when the container has no such interface.
    mutating func plan(_ configuration: SBRConfiguration, _ result: CNIResult) throws -> SourceRouting {
        guard let link = try socket.link(named: invocation.interfaceName) else {
            throw CNIError(
                .invalidConfiguration, "Cannot find network interface \(invocation.interfaceName): Link not found")
        }
        return SourceRouting(configuration, result, on: link, rules: try socket.rules(), routes: try routes())
    }

    /// Makes it so; doing it twice changes nothing more.
    ///
    /// - Throws: what the kernel refused; what was done by then is registered for undoing.
    mutating func apply(_ routing: SourceRouting, _ rollback: inout Rollback) throws(SystemError) {
        let rules = Set(try socket.rules().map(\.identity))
        let present = try routes()
        for rule in routing.rules where !rules.contains(rule.identity) {
            try step(.add(rule), undoneBy: .delete(rule), &rollback)
        }
        for route in routing.routes + routing.hints where !present.contains(where: { $0.isSameWay(as: route) }) {
            let earlier = present.first { $0.hasSamePlace(as: route) }
            try step(.replace(route), undoneBy: earlier.map { .replace($0) } ?? .delete(route), &rollback)
        }
        for route in routing.obsolete { try step(.delete(route), undoneBy: .add(route), &rollback) }
    }

    private mutating func step(
        _ request: NetlinkRequest, undoneBy undo: NetlinkRequest, _ rollback: inout Rollback
    ) throws(SystemError) {
        try socket.perform(request)
        let invocation = invocation
        rollback.register("source routing of \(invocation.interfaceName)") {
            guard let namespace = invocation.namespaceIfPresent() else { return }
            var socket = try RouteSocket(in: namespace)
            try socket.perform(undo)
        }
    }

    /// Names what is missing of rules, and of the routes of their tables.
    mutating func inspect(_ routing: SourceRouting, _ differences: inout Differences) throws(SystemError) {
        let rules = Set(try socket.rules().map(\.identity))
        for rule in routing.rules where !rules.contains(rule.identity) {
            differences.note("rule \(rule) is missing")
        }
        let present = try routes()
        for route in routing.routes + routing.hints where !present.contains(where: { $0.isSameWay(as: route) }) {
            differences.note("route \(route) is missing")
        }
    }

    /// Removes the rules of addresses, and the routes that were made for them.
    ///
    /// - Parameters:
    ///   - told: the addresses; where there are none, those that the interface has.
    ///   - table: the user's, whose routes stay; nil for tables of this plugin's own.
    /// - Throws: all that the kernel refused, as one; what is gone is no error.
    mutating func remove(_ told: [InterfaceAddress], table: UInt32?) throws {
        let link = try socket.link(named: invocation.interfaceName)
        var addresses = told
        if addresses.isEmpty, let link { addresses = try socket.addresses(of: link.index) }
        let sources = Set(addresses.map { CIDR.host($0.address) })
        let present = try routes()
        let rules = try socket.rules().filter { rule in
            guard sources.contains(rule.source) else { return false }
            return table.map { rule.isOfTable($0) } ?? rule.isOfSourceRouting(on: link, among: present)
        }
        let tables = Set(table == nil ? rules.map(\.table) : [])
        let routes = present.filter { route in
            route.origin == .suite && route.device == link?.index && route.table.map(tables.contains) == true
        }
        // Rules tell which tables they are, and so go last.
        var teardown = Teardown()
        for request in routes.map({ NetlinkRequest.delete($0) }) + rules.map({ .delete($0) }) {
            teardown.attempt { try performUnlessGone(request) }
        }
        try teardown.finish()
    }

    private mutating func performUnlessGone(_ request: NetlinkRequest) throws(SystemError) {
        do throws(SystemError) {
            try socket.perform(request)
        } catch  where error.code == .noSuchFile || error.code == .noSuchProcess {}
    }

    private mutating func routes() throws(SystemError) -> [RouteNetlink.Route] {
        try socket.routes(.v4) + socket.routes(.v6)
    }
}

extension PolicyRule {
    /// Whether it is one for a table that the user has named.
    fileprivate func isOfTable(_ named: UInt32) -> Bool {
        table == named && !hasOtherConditions && (origin == .suite || origin == .unspecified)
    }

    /// The same rule, whatever its priority and whoever made it.
    fileprivate var identity: PolicyRule {
        var rule = self
        rule.priority = nil
        rule.origin = .suite
        return rule
    }
}

extension RouteNetlink.Route {
    /// Whether one takes the place of the other.
    fileprivate func hasSamePlace(as other: RouteNetlink.Route) -> Bool {
        table == other.table && destination == other.destination && metric == other.metric
    }

    /// Whether packets go the same way by both.
    fileprivate func isSameWay(as other: RouteNetlink.Route) -> Bool {
        hasSamePlace(as: other) && gateway == other.gateway && device == other.device
            && (other.preferredSource == nil || preferredSource == other.preferredSource)
    }
}
