import Addressing
import CNI
import ContainerLinks
import LinuxSystem
import Nftables
import PacketRules
import PluginKit
import RouteNetlink

/// An attachment looked at piece by piece, with everything that is not as ADD left it.
struct BridgeInspection: ~Copyable {
    private let invocation: Invocation
    private let configuration: BridgeConfiguration
    private var host: RouteSocket
    private var container: ContainerInspection
    private var differences = Differences()

    /// - Throws: code 7 without a previous result, 8 without the container's namespace.
    init(_ invocation: Invocation, _ configuration: BridgeConfiguration) throws {
        let container = try ContainerInspection(invocation)
        let host = try RouteSocket()
        self.invocation = invocation
        self.configuration = configuration
        self.container = container
        self.host = host
    }

    private var previous: CNIResult { container.previous }

    /// Looks at everything.
    ///
    /// - Throws: all differences as one error; what keeps it from looking.
    mutating func run() throws {
        let bridge = try inspectBridge()
        for difference in try configuration.uplink?.differences(on: &host) ?? [] { note(difference) }
        let interface = try container.inspectLink(
            kind: "veth", mayBeDown: configuration.leavesContainerInterfaceDown, &differences)
        if let bridge, let interface { try inspectPort(of: bridge, leadingTo: interface) }
        if let interface {
            try container.inspectAddresses(of: interface, &differences)
            try container.inspectRoutes(&differences)
        }
        try inspectMasquerade(by: bridge.flatMap { bridge throws(SystemError) in try inspectGateways(on: bridge) })
        try inspectSpoofCheck()
        try differences.finish()
    }

    private mutating func inspectBridge() throws(SystemError) -> Link? {
        let name = configuration.bridge
        guard let expected = previous.interfaces.first(where: { $0.name == name && $0.isOnHost }) else {
            return note("Interface name missing: bridge \(name) is not in prevResult")
        }
        guard let link = try host.link(named: name) else { return note("Interface \(name) not found") }
        guard case .bridge = link.kind else { return note("Interface \(name) does not have link type of bridge") }
        // A bridge of others follows its ports, which other containers bring.
        if Bridge(link: link).isOurs { differences.compareMAC(of: link, expected, "Bridge interface \(name)") }
        if !link.isUp { note("Bridge interface \(name) is down") }
        if configuration.isPromiscuous && !link.isPromiscuous {
            note("Bridge interface \(name) configured Promisc Mode true doesn't match current state: false")
        }
        if configuration.vlans != nil && link.bridge?.filtersVLANs == false {
            note("Bridge interface \(name) does not filter VLANs")
        }
        return link
    }

    private mutating func inspectPort(of bridge: Link, leadingTo interface: Link) throws(SystemError) {
        for expected in previous.interfaces where expected.isOnHost && expected.name != bridge.name {
            guard let port = try host.link(named: expected.name), port.peer?.index == interface.index,
                interface.peer?.index == port.index, port.master == bridge.index
            else { continue }
            differences.compareMAC(of: port, expected, "Interface \(port.name)")
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

    /// - Returns: the interface that has the gateways' addresses; nil where there is none.
    private mutating func inspectGateways(on bridge: Link) throws(SystemError) -> Link? {
        guard configuration.isGateway else { return nil }
        var link = bridge
        if let name = configuration.gatewayInterface {
            guard let interface = try host.link(named: name) else { return note("Interface \(name) not found") }
            link = interface
        }
        let present = try host.addresses(of: link.index)
        for family in AddressFamily.allCases {
            for gateway in previous.gatewayAddresses(family) where !present.contains(gateway) {
                note("Failed to match gateway addr \(gateway) on interface \(link.name)")
            }
        }
        return link
    }

    private mutating func inspectMasquerade(by gateway: Link?) throws(SystemError) {
        var interface = configuration.isGateway ? configuration.gatewayInterface ?? configuration.bridge : nil
        if let gateway { interface = try host.packetInput(of: gateway) }
        try configuration.masquerade.inspect(
            previous.addresses.map(\.address), by: interface, of: invocation.attachment, &differences)
    }

    private mutating func inspectSpoofCheck() throws(SystemError) {
        guard configuration.checksSpoofing else { return }
        guard let mac = container.expected?.mac.flatMap({ MACAddress($0) }) else { return }
        let owner = invocation.attachment
        let port = owner.hostInterfaceName
        var nftables = try NftablesSocket()
        if try !BridgeTables.spoofCheck.contains(mac, on: port, for: owner, on: &nftables),
            try !RulesetRemains.hasSpoofCheck(of: owner, on: &nftables)
        {
            note("Spoof check of \(mac) on interface \(port) is missing")
        }
    }

    private mutating func compare(_ flag: String, of port: Link, _ current: Bool?, _ configured: Bool) {
        guard let current, current != configured else { return }
        note("Interface \(port.name) configured \(flag) \(configured) doesn't match current state: \(current)")
    }

    @discardableResult
    private mutating func note(_ difference: String) -> Link? {
        differences.note(difference)
        return nil
    }
}
