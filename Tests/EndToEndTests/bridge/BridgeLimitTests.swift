import JSON
import LinuxSystem
import TestSupport
import Testing

/// Errors that name the limit, and leave nothing.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeLimitTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        container = try TestContainer()
    }

    @Test func saysThatTheBridgeIsFull() throws {
        // Both ends of each pair are ports, up to one that is left over.
        let pairs = (0..<512).map { "link add a\($0) master bridge0 type veth peer name b\($0)" }
        let peers = (0..<511).map { "link set b\($0) master bridge0" }
        let batch = (["link add bridge0 type bridge"] + pairs + peers).joined(separator: "\n")
        try network.host.namespace.shell("ip -batch -", input: batch)
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(
            refused.errorMessage
                == "add port to bridge bridge0: Exchange full: it has 1023 ports, which is the most that the kernel lets "
                + "it have", "\(refused.output)")
        #expect(try container.link("eth0") == nil)
        #expect(network.leasedAddresses.isEmpty)

        try network.host.run("ip", "link", "set", "b0", "nomaster")
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
    }

    @Test(arguments: [67, 65536])
    mutating func saysWhichMTUsThereAre(mtu: Int) throws {
        network.more["mtu"] = .number(JSONNumber(Int64(mtu)))
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(refused.errorCode == 7)
        #expect(refused.errorMessage == "mtu: expected a number from 68 to 65535, got \(mtu)")
        #expect(try network.host.linkNames() == ["lo"])
    }

    @Test mutating func saysWhichMTUIPv6Needs() throws {
        network.ranges = [[["subnet": "fd00::/64"]]]
        network.more["mtu"] = 1279
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(refused.errorCode == 7)
        #expect(
            refused.errorMessage
                == "mtu: expected 1280 or more, which IPv6 needs (RFC 8200, section 5), got 1279", "\(refused.output)")
        #expect(try network.isClean())
        network.more["mtu"] = 1280
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
    }

    @Test mutating func saysWhichNamesAreTooLong() throws {
        network.more["bridge"] = "sixteen-letters-"
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(refused.errorMessage == "bridge: interface name is too long")
        #expect(refused.json.object?["details"] == "interface name should be less than 16 characters")
        var call = network.call(container)
        call.interfaceName = "sixteen-letters-"
        #expect(try call.run("ADD", on: network.host).errorMessage == "interface name is too long")
    }

    /// The kernel takes 254 bytes: with this network and interface, the alias of a container id of 240.
    @Test(arguments: [239, 240, 241, 300], [nil, String(repeating: "p", count: 253)])
    func takesNamesThatAnAliasHasNoRoomFor(length: Int, pod: String?) throws {
        let id = String(repeating: "c", count: length)
        var call = network.call(container, id: id)
        call.arguments = pod.map { "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=\($0)" }
        let added = try call.run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        let alias = try network.host.link(added.interface(1)?["name"]?.string ?? "")?["ifalias"]?.string
        #expect(alias == String("cni net1 \(id) eth0".prefix(254)))
        let checked = try call.after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
        call.namespacePath = nil
        #expect(try call.run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    /// Where the kernel has no VLANs for bridges; where it has, the tests of VLANs show that they work.
    @Test(.enabled(if: !Self.kernelFiltersVLANs))
    mutating func saysThatTheKernelFiltersNoVLANs() throws {
        network.more["vlan"] = 100
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(
            refused.errorMessage?.hasSuffix(
                "this kernel has no VLAN filtering for bridges (CONFIG_BRIDGE_VLAN_FILTERING)") == true,
            "\(refused.output)")
        #expect(try container.link("eth0") == nil)
        #expect(try network.isClean())
        network.version = "1.1.0"
        let status = try network.call(nil).run("STATUS", on: network.host)
        #expect(status.errorCode == 50)
        #expect(
            status.errorMessage
                == "list VLANs of all bridges: Operation not supported: this kernel has no VLAN filtering for bridges "
                + "(CONFIG_BRIDGE_VLAN_FILTERING)")
    }

    private static let kernelFiltersVLANs: Bool = {
        guard let host = try? TestHost() else { return false }
        let script = "ip link add b type bridge vlan_filtering 1 && bridge vlan add dev b vid 100 self"
        return (try? host.run("sh", "-c", script)) != nil
    }()
}
