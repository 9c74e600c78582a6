import JSON
import LinuxSystem
import TestSupport
import Testing

/// `enabledad`: duplicate address detection before an IPv6 address is used.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeDuplicateAddressTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        network.ranges = [[["subnet": "fd00:1::/64"]]]
        container = try TestContainer()
    }

    @Test(arguments: [true, false])
    mutating func runsOnlyWhenAskedFor(isEnabled: Bool) throws {
        network.more["enabledad"] = .bool(isEnabled)
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        let link = try container.ip("address", "show", "eth0").array?.first?.object
        let address = link?["addr_info"]?.array?.compactMap(\.object).first { $0["local"] == "fd00:1::2" }
        // It can be used when ADD returns, with detection or without.
        #expect(address?["tentative"] == nil)
        #expect((address?["nodad"] == nil) == isEnabled)
        #expect(
            try container.run("sysctl", "-n", "net.ipv6.conf.eth0.accept_dad") == (isEnabled ? "1\n" : "0\n"))
        #expect(container.reaches("fd00:1::1"))
    }

    @Test mutating func refusesAnAddressThatAnotherHas() throws {
        network.more["enabledad"] = true
        let other = try TestContainer()
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)
        // Someone takes the next address without asking.
        try other.run("ip", "address", "add", "fd00:1::3/64", "dev", "eth0", "nodad")
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(
            refused.errorMessage
                == "add address fd00:1::3/64 to eth0: Address already in use: duplicate address detection found it "
                + "elsewhere on the link", "\(refused.output)")
        #expect(try container.link("eth0") == nil)
        #expect(network.leasedAddresses == ["fd00:1::2"])
    }
}
