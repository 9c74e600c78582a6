import JSON
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeSpoofCheckTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        network.version = "1.1.0"
        network.ranges = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]
        network.more["macspoofchk"] = true
        container = try TestContainer()
    }

    @Test func readsWellInTheRuleset() throws {
        let added = try network.call(container).run("ADD", on: network.host)
        let port = try #require(added.interface(1)?["name"]?.string)
        let mac = try #require(added.interface(2)?["mac"]?.string)
        let ruleset = try network.host.ruleset()
        #expect(
            ruleset == """
                table bridge cni_bridge {
                	comment "MAC addresses checked by CNI plugins"
                	map ports {
                		type ifname : verdict
                		elements = { "\(port)" comment "net1 cid1 eth0" : goto port-\(port) }
                	}

                	chain prerouting {
                		type filter hook prerouting priority dstnat; policy accept;
                		iifname vmap @ports
                	}

                	chain port-\(port) {
                		comment "net1 cid1 eth0"
                		ether saddr != \(mac) drop comment "\(mac)"
                	}
                }

                """)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try network.host.ruleset() == "")
    }

    @Test func dropsWhatComesFromAnotherAddress() throws {
        let other = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)
        let addresses = ["10.1.2.1", "10.1.2.3", "fd00:1::1", "fd00:1::3"]
        for address in addresses { #expect(container.reaches(address), "\(address)") }
        try network.host.noteSenders(at: "bridge0")
        try other.noteSenders()

        let (own, forged) = (try container.mac(), "02:00:00:00:00:99")
        for mac in [forged, own] {
            try container.run("ip", "link", "set", "eth0", "address", mac)
            try container.run("ip", "neighbour", "flush", "dev", "eth0")
            for address in addresses { try container.ask(address) }
        }
        for address in addresses { #expect(container.reaches(address), "\(address)") }
        for senders in [try network.host.senders(), try other.senders()] {
            #expect(senders.contains(own) && !senders.contains(forged), "\(senders)")
        }
        #expect(other.reaches("10.1.2.1"))
    }

    @Test func checkSeesWhetherItIsThere() throws {
        let added = try network.call(container).run("ADD", on: network.host)
        let port = try #require(added.interface(1)?["name"]?.string)
        let mac = try #require(added.interface(2)?["mac"]?.string)
        let call = network.call(container).after(added)
        #expect(try call.run("CHECK", on: network.host).succeeded)
        try network.host.run("nft", "delete", "element", "bridge", "cni_bridge", "ports", "{ \(port) }")
        #expect(
            try call.run("CHECK", on: network.host).errorMessage
                == "Spoof check of \(mac) on interface \(port) is missing")
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
    }

    @Test func goesWithItsContainerAloneHoweverItEnds() throws {
        let other = try TestContainer()
        #expect(try network.call(other, id: "other").run("ADD", on: network.host).succeeded)
        let before = try network.host.ruleset()
        var call = network.call(container)
        #expect(try call.run("ADD", on: network.host).succeeded)
        call.namespacePath = nil
        #expect(try call.run("DEL", on: network.host).succeeded)
        #expect(try network.host.ruleset() == before)

        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        var collecting = network.call(nil)
        collecting.configuration = network.configuration(keeping: ["other"])
        #expect(try collecting.run("GC", on: network.host).succeeded)
        #expect(try network.host.ruleset() == before)
    }

    @Test mutating func failedAddLeavesNone() throws {
        try network.host.run("ip", "link", "add", "bridge0", "type", "bridge")
        try network.host.run("ip", "address", "add", "192.0.2.1/24", "dev", "bridge0")
        #expect(try !network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    @Test mutating func worksWithoutAddresses() throws {
        network.more = ["macspoofchk": true, "ipam": .null]
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
        #expect(try network.host.ruleset().contains("ether saddr != "))
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    @Test(.enabled(if: Executables.hasReference))
    mutating func checksAndRemovesWhatTheReferenceMade() throws {
        network.version = "1.0.0"
        var theirs = network.call(container)
        theirs.directory = Executables.reference
        let added = try theirs.run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try network.host.ruleset().contains("macspoofchk-cid1-eth0"))
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        let left = try network.host.ruleset()
        #expect(!left.contains("macspoofchk") && !left.contains("cni-br-iface"), "\(left)")
    }
}
