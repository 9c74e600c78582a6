import Addressing
import CNI
import ContainerLinks
import LinuxSystem
import Nftables
import PacketRules
import RouteNetlink

/// An attachment looked at piece by piece, with everything that is not as ADD left it.
///
/// What later plugins of the chain added is no difference.
struct BridgeInspection: ~Copyable {
    private let invocation: Invocation
    private let configuration: BridgeConfiguration
    private let previous: CNIResult
    private var host: RouteSocket
    private var container: RouteSocket
    /// One text for each difference.
    private(set) var differences: [String] = []

    /// - Throws: code 7 without a previous result, 8 without the container's namespace.
    init(_ invocation: Invocation, _ configuration: BridgeConfiguration) throws {
        let namespace = try invocation.openNamespace()
        guard let previous = try invocation.configuration.previousResult() else {
            throw CNIError(.invalidConfiguration, "Required prevResult missing")
        }
        let host = try RouteSocket()
        let container = try RouteSocket(in: namespace)
        self.invocation = invocation
        self.configuration = configuration
        self.previous = previous
        self.host = host
        self.container = container
    }

    /// Looks at everything.
    ///
    /// - Throws: what keeps it from looking.
    mutating func run() throws(SystemError) {
        let bridge = try inspectBridge()
        let interface = try inspectContainer()
        if let bridge, let interface { try inspectPort(of: bridge, leadingTo: interface) }
        if let interface {
            try inspectAddresses(of: interface)
            try inspectRoutes()
        }
        if let bridge { try inspectGateways(on: bridge) }
        try inspectMasquerade()
        try inspectSpoofCheck()
    }

    private mutating func inspectBridge() throws(SystemError) -> Link? {
        let name = configuration.bridge
        guard let expected = previous.interfaces.first(where: { $0.name == name && $0.isOnHost }) else {
            return note("Interface name missing: bridge \(name) is not in prevResult")
        }
        guard let link = try host.link(named: name) else { return note("Interface \(name) not found") }
        guard link.kind == "bridge" else { return note("Interface \(name) does not have link type of bridge") }
        compareMAC(of: link, expected, "Bridge interface \(name)")
        if !link.isUp { note("Bridge interface \(name) is down") }
        if configuration.isPromiscuous && !link.isPromiscuous {
            note("Bridge interface \(name) configured Promisc Mode true doesn't match current state: false")
        }
        if configuration.vlans != nil && link.bridge?.filtersVLANs == false {
            note("Bridge interface \(name) does not filter VLANs")
        }
        return link
    }

    private mutating func inspectContainer() throws(SystemError) -> Link? {
        let name = invocation.interfaceName
        let path = invocation.namespacePath ?? ""
        guard let expected = previous.interfaces.first(where: { $0.name == name && !$0.isOnHost }) else {
            return note("interface \(name) of the container is not in prevResult")
        }
        guard expected.sandbox == path else {
            return note(
                "Sandbox in prevResult \(expected.sandbox ?? "") doesn't match configured netns: \(path)")
        }
        guard let link = try container.link(named: name) else { return note("Interface \(name) not found") }
        guard link.kind == "veth" else { return note("Error: Container interface \(name) not of type veth") }
        compareMAC(of: link, expected, "Interface \(name)")
        if !link.isUp && !configuration.leavesContainerInterfaceDown { note("Interface \(name) is down") }
        return link
    }

    private mutating func inspectPort(of bridge: Link, leadingTo interface: Link) throws(SystemError) {
        for expected in previous.interfaces where expected.isOnHost && expected.name != bridge.name {
            guard let port = try host.link(named: expected.name), port.kind == "veth",
                port.peer == interface.index, interface.peer == port.index, port.master == bridge.index
            else { continue }
            compareMAC(of: port, expected, "Interface \(port.name)")
            if !port.isUp { note("Interface \(port.name) is down") }
            compare("hairpin", of: port, port.port?.isHairpin, configuration.isHairpin)
            compare("isolated", of: port, port.port?.isIsolated, configuration.isIsolated)
            return try inspectVLANs(of: port)
        }
        note("CNI veth created for bridge \(bridge.name) was not found")
    }

    private mutating func inspectVLANs(of port: Link) throws(SystemError) {
        guard let difference = try configuration.vlans?.port.difference(onPort: port, on: &host) else { return }
        for vlan in difference.missing { note("Interface \(port.name) is not in VLAN \(vlan.id) as configured") }
        for vlan in difference.extra { note("Interface \(port.name) is in VLAN \(vlan.id), which is not configured") }
    }

    private mutating func inspectAddresses(of interface: Link) throws(SystemError) {
        let present = try container.addresses(of: interface.index)
        for expected in previous.addresses where expected.isOn(interface, previous) {
            guard !present.contains(expected.address) else { continue }
            note("Failed to match addr \(expected.address) on interface \(interface.name)")
        }
    }

    /// Looks for each route of the result among those of all tables; others may have been added since.
    private mutating func inspectRoutes() throws(SystemError) {
        for family in AddressFamily.allCases {
            let expected = previous.routes.filter { $0.destination.family == family }
            guard !expected.isEmpty else { continue }
            let present = try container.routes(family)
            for route in expected where !present.contains(where: { $0.fulfils(route) }) {
                note("Expected Route \(route.summary) not found in routing table")
            }
        }
    }

    private mutating func inspectGateways(on bridge: Link) throws(SystemError) {
        guard configuration.isGateway else { return }
        var link = bridge
        if let name = configuration.gatewayInterface {
            guard let interface = try host.link(named: name) else {
                note("Interface \(name) not found")
                return
            }
            link = interface
        }
        let present = try host.addresses(of: link.index)
        for family in AddressFamily.allCases {
            for gateway in previous.gatewayAddresses(family) where !present.contains(gateway) {
                note("Failed to match gateway addr \(gateway) on interface \(link.name)")
            }
        }
    }

    private mutating func inspectMasquerade() throws(SystemError) {
        let addresses = previous.addresses.map(\.address)
        guard let backend = configuration.masquerade, !addresses.isEmpty else { return }
        var isThere = false
        switch backend {
        case .nftables:
            var nftables = try NftablesSocket()
            isThere = try BridgePlugin.masquerade.contains(addresses, for: invocation.attachment, on: &nftables)
            if !isThere {
                isThere = try RulesetRemains.hasMasquerade(
                    of: invocation.attachment, Set(addresses.map(\.address.family)), on: &nftables)
            }
        case .iptables:
            isThere = try IptablesMasquerade(invocation.attachment).contains(addresses)
        }
        if !isThere { note("Masquerade of \(addresses.map { "\($0.address)" }.joined(separator: ", ")) is missing") }
    }

    private mutating func inspectSpoofCheck() throws(SystemError) {
        guard configuration.checksSpoofing else { return }
        let interface = previous.interfaces.first { $0.name == invocation.interfaceName && !$0.isOnHost }
        guard let mac = interface?.mac.flatMap({ MACAddress($0) }) else { return }
        let port = invocation.hostInterface.name
        var nftables = try NftablesSocket()
        if try !BridgePlugin.spoofCheck.contains(mac, on: port, for: invocation.attachment, on: &nftables),
            try !RulesetRemains.hasSpoofCheck(of: invocation.attachment, on: &nftables)
        {
            note("Spoof check of \(mac) on interface \(port) is missing")
        }
    }

    private mutating func compareMAC(of link: Link, _ expected: CNIResult.Interface, _ what: String) {
        guard let mac = expected.mac, !mac.isEmpty, link.mac != MACAddress(mac) else { return }
        note("\(what) Mac doesn't match: \(mac) in prevResult, \(link.mac.map { "\($0)" } ?? "none") now")
    }

    private mutating func compare(_ flag: String, of port: Link, _ current: Bool?, _ configured: Bool) {
        guard let current, current != configured else { return }
        note("Interface \(port.name) configured \(flag) \(configured) doesn't match current state: \(current)")
    }

    @discardableResult
    private mutating func note(_ difference: String) -> Link? {
        differences.append(difference)
        return nil
    }
}

extension CNIResult.Interface {
    fileprivate var isOnHost: Bool { (sandbox ?? "").isEmpty }
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
