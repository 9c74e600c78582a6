import JSON
import LinuxSystem
import TestSupport
import Testing

/// What becomes of the gateway's address when the network's addresses change.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeGatewayTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        network.version = "1.1.0"
        container = try TestContainer()
    }

    struct Change: CustomTestStringConvertible, Sendable {
        var old: String
        var oldGateway: String
        var new: String
        var newGateway: String

        var testDescription: String { "\(old) to \(new)" }
    }

    static let changes = [
        Change(old: "10.1.2.0/24", oldGateway: "10.1.2.1/24", new: "10.7.0.0/16", newGateway: "10.7.0.1/16"),
        Change(
            old: "2001:db8:1::/48", oldGateway: "2001:db8:1::1/48", new: "2001:db8:1:2::/64",
            newGateway: "2001:db8:1:2::1/64"),
    ]

    /// The same network with other addresses, as a node has it whose subnet changed.
    private func changed(_ change: Change) -> BridgeNetwork {
        var changed = network
        changed.name = "net2"
        changed.ranges = [[["subnet": .string(change.new)]]]
        return changed
    }

    private func gateways() throws -> [String] {
        let link = try network.host.ip("address", "show", "bridge0").array?.first?.object
        let addresses = link?["addr_info"]?.array?.compactMap(\.object) ?? []
        return addresses.filter { $0["scope"] == "global" }.compactMap { address in
            guard let local = address["local"]?.string, let length: Int = address["prefixlen"]?.number?.integer() else {
                return nil
            }
            return "\(local)/\(length)"
        }
    }

    @Test(arguments: changes)
    mutating func movesWhenNoContainerUsesTheOldAddress(change: Change) throws {
        network.ranges = [[["subnet": .string(change.old)]]]
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        let added = try changed(change).call(container).run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(added.errorOutput.isEmpty)
        #expect(try gateways() == [change.newGateway])
    }

    @Test(arguments: changes)
    mutating func keepsTheOldAddressAsLongAsContainersUseIt(change: Change) throws {
        network.ranges = [[["subnet": .string(change.old)]]]
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        let changed = changed(change)
        let newer = try TestContainer()
        let added = try changed.call(newer, id: "cid2").run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(
            added.errorOutput
                == "bridge0 keeps \(change.oldGateway) beside \(change.newGateway): containers still use it\n")
        #expect(try Set(gateways()) == [change.oldGateway, change.newGateway])
        #expect(container.reaches(String(change.oldGateway.prefix { $0 != "/" })))
        #expect(newer.reaches(String(change.newGateway.prefix { $0 != "/" })))

        // It is said once.
        let another = try TestContainer()
        #expect(try changed.call(another, id: "cid3").run("ADD", on: network.host).errorOutput.isEmpty)

        // While the container is there, GC keeps the address; when it is gone, GC takes it away.
        var call = changed.call(nil)
        call.configuration = changed.configuration(keeping: ["cid2", "cid3"])
        #expect(try call.run("GC", on: network.host).succeeded)
        #expect(try Set(gateways()) == [change.oldGateway, change.newGateway])
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try call.run("GC", on: network.host).succeeded)
        #expect(try gateways() == [change.newGateway])
    }

    /// What nobody who could be asked has said: a port whose other end has no address of its own.
    enum Silent: CaseIterable {
        case bridgeInTheContainer
        case machineInTheContainer
        case tap

        /// Makes it of a container that has 10.1.2.2 on `eth0`.
        func arrange(_ container: TestContainer, on host: TestHost) throws {
            switch self {
            case .bridgeInTheContainer:
                try container.run("ip", "address", "flush", "dev", "eth0")
                try container.run("ip", "link", "add", "inner0", "type", "bridge")
                try container.run("ip", "link", "set", "eth0", "master", "inner0")
                try container.run("ip", "link", "set", "inner0", "up")
                try container.run("ip", "address", "add", "10.1.2.2/24", "dev", "inner0")
            case .machineInTheContainer:
                try container.run("ip", "address", "flush", "dev", "eth0")
            case .tap:
                try container.run("ip", "link", "delete", "eth0")
                try host.run("ip", "tuntap", "add", "tap0", "mode", "tap")
                try host.run("ip", "link", "set", "tap0", "master", "bridge0")
            }
        }
    }

    @Test(arguments: Silent.allCases)
    mutating func keepsTheOldAddressForWhomeverItCannotAsk(silent: Silent) throws {
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        try silent.arrange(container, on: network.host)
        let changed = changed(Self.changes[0])
        let newer = try TestContainer()
        #expect(try changed.call(newer, id: "cid2").run("ADD", on: network.host).succeeded)
        #expect(try Set(gateways()) == ["10.1.2.1/24", "10.7.0.1/16"])
        var call = changed.call(nil)
        call.configuration = changed.configuration(keeping: ["cid1", "cid2"])
        #expect(try call.run("GC", on: network.host).succeeded)
        #expect(try Set(gateways()) == ["10.1.2.1/24", "10.7.0.1/16"])
    }

    @Test mutating func anAdministratorsAddressOnOurBridgeStays() throws {
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        // One of another network, and one in the gateway's own, which the kernel would delete with the gateway.
        try network.host.run("ip", "address", "add", "192.0.2.1/24", "dev", "bridge0")
        try network.host.run("ip", "address", "add", "10.1.2.9/24", "dev", "bridge0")
        let added = try changed(Self.changes[0]).call(container).run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try Set(gateways()) == ["192.0.2.1/24", "10.1.2.9/24", "10.7.0.1/16"])
        #expect(
            added.errorOutput.contains(
                "bridge0 keeps 192.0.2.1/24 beside 10.7.0.1/16: no network of this suite gave it\n"))
        #expect(container.reaches("10.7.0.1"))
    }

    @Test mutating func forceReplacesAnAddressWithSecondariesAsWell() throws {
        try network.host.run("ip", "link", "add", "bridge0", "type", "bridge")
        try network.host.run("ip", "address", "add", "10.9.9.1/24", "dev", "bridge0")
        try network.host.run("ip", "address", "add", "10.9.9.2/24", "dev", "bridge0")
        network.more["forceAddress"] = true
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try gateways() == ["10.1.2.1/24"])
    }

    @Test mutating func garbageCollectionLeavesAddressesOfOthers() throws {
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        try network.host.run("ip", "address", "add", "192.0.2.1/24", "dev", "bridge0")
        var call = network.call(nil)
        call.configuration = network.configuration(keeping: ["cid1"])
        #expect(try call.run("GC", on: network.host).succeeded)
        #expect(try Set(gateways()) == ["10.1.2.1/24", "192.0.2.1/24"])
    }

    @Test mutating func refusesAnotherAddressOnABridgeOfOthers() throws {
        try network.host.run("ip", "link", "add", "bridge0", "type", "bridge")
        try network.host.run("ip", "address", "add", "10.9.9.1/24", "dev", "bridge0")
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(
            refused.errorMessage?.contains(
                "\"bridge0\" already has an IP address different from 10.1.2.1/24: 10.9.9.1/24")
                == true, "\(refused.output)")
        #expect(refused.errorMessage?.contains("\"forceAddress\": true") == true)
        #expect(try container.link("eth0") == nil)
        #expect(try network.isClean())

        network.more["forceAddress"] = true
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try gateways() == ["10.1.2.1/24"])
    }

    @Test mutating func forceReplacesTheAddressThatContainersUse() throws {
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        var changed = changed(Self.changes[0])
        changed.more["forceAddress"] = true
        let newer = try TestContainer()
        #expect(try changed.call(newer, id: "cid2").run("ADD", on: network.host).succeeded)
        #expect(try gateways() == [Self.changes[0].newGateway])
    }

    @Test mutating func networksOfIPv6ThatDoNotOverlapStandSideBySide() throws {
        network.ranges = [[["subnet": "2001:db8:1:2::/64"]]]
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        network.name = "net2"
        network.ranges = [[["subnet": "fd00:1234::/64"]]]
        let second = try TestContainer()
        let added = try network.call(second, id: "cid2").run("ADD", on: network.host)
        #expect(added.succeeded && added.errorOutput.isEmpty)
        #expect(try Set(gateways()) == ["2001:db8:1:2::1/64", "fd00:1234::1/64"])
    }
}
