import JSON
import TestSupport
import Testing

/// The pair of interfaces, and what the container's end is given.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeInterfaceTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        container = try TestContainer()
    }

    @Test func bothEndsKnowEachOtherAndEndTogether() throws {
        let added = try network.call(container).run("ADD", on: network.host)
        let name = try #require(added.interface(1)?["name"]?.string)
        let port = try #require(try network.host.ip("link", "show", name).array?.first?.object)
        let end = try #require(try container.link("eth0"))
        #expect(port["link_index"] == end["ifindex"])
        #expect(end["link_index"] == port["ifindex"])
        #expect(port["address"] != end["address"])
        try container.run("ip", "link", "delete", "eth0")
        #expect(try network.host.linkNames() == ["bridge0", "lo"])
    }

    @Test mutating func aRequestedMACIsTheContainersAlone() throws {
        network.more["runtimeConfig"] = ["mac": "02:00:00:00:00:01"]
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.interface(2)?["mac"] == "02:00:00:00:00:01")
        #expect(added.interface(1)?["mac"] != "02:00:00:00:00:01")
        #expect(added.interface(0)?["mac"] != "02:00:00:00:00:01")
    }

    @Test mutating func addressesOfIPv6OutliveThatTheirLinkIsDown() throws {
        network.ranges = [[["subnet": "fd00:1::/64"]]]
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        try container.run("ip", "link", "set", "eth0", "down")
        let addresses = try container.run("ip", "-6", "-br", "address", "show", "dev", "eth0")
        #expect(addresses.contains("fd00:1::2/64"))
        #expect(!addresses.contains("fe80"))
    }

    @Test mutating func twoGatewaysToOneNetworkAreBothThere() throws {
        network.ranges = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]
        network.ipamMore = [
            "routes": [
                ["dst": "10.9.0.0/16", "gw": "10.1.2.8"], ["dst": "10.9.0.0/16", "gw": "10.1.2.9"],
                ["dst": "fd00:9::/64", "gw": "fd00:1::8"], ["dst": "fd00:9::/64", "gw": "fd00:1::9"],
            ]
        ]
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        for (family, gateways) in [("-4", ["10.1.2.8", "10.1.2.9"]), ("-6", ["fd00:1::8", "fd00:1::9"])] {
            let routes = try container.run("ip", family, "route", "show")
            for gateway in gateways { #expect(routes.contains("via \(gateway) "), "\(routes)") }
        }
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
    }

    /// Writing it again would have the kernel go through all interfaces.
    @Test(.enabled(if: Executables.find("strace") != nil))
    func forwardingThatIsOnIsNotWritten() throws {
        let strace = try #require(Executables.find("strace"))
        var writes: [Int] = []
        for id in ["cid1", "cid2"] {
            let trace = "\(network.host.directory.path)/\(id)"
            let container = try TestContainer()
            var call = network.call(container, id: id)
            call.launcher = [strace, "-o", trace, "-e", "trace=openat"]
            #expect(try call.run("ADD", on: network.host).succeeded)
            let lines = (network.host.directory.contents(id) ?? "").split(separator: "\n")
            writes.append(lines.count { $0.contains("net/ipv4/ip_forward\", O_WRONLY") })
        }
        #expect(writes == [1, 0])
    }
}
