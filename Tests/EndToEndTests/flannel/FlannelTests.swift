import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// `flannel` with the plugins that it is used with.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct FlannelTests {
    var network: FlannelNetwork
    let container: TestContainer

    init() throws {
        network = try FlannelNetwork()
        container = try TestContainer()
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var subnet: String?
        var subnet6: String?
        var addresses: [String]
        var gateways: [String]
    }

    static let cases = [
        Case(
            testDescription: "IPv4", subnet: "10.244.5.1/24", addresses: ["10.244.5.2/24"], gateways: ["10.244.5.1"]),
        Case(
            testDescription: "IPv6", subnet6: "fc00:0:0:5::1/64", addresses: ["fc00:0:0:5::2/64"],
            gateways: ["fc00:0:0:5::1"]),
        Case(
            testDescription: "dual stack", subnet: "10.244.5.1/24", subnet6: "fc00:0:0:5::1/64",
            addresses: ["10.244.5.2/24", "fc00:0:0:5::2/64"], gateways: ["10.244.5.1", "fc00:0:0:5::1"]),
    ]

    @Test(arguments: cases, ["0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func connectsAndDisconnects(test: Case, version: String) throws {
        network.version = version
        try network.writeSubnets(test.subnet, test.subnet6)
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        #expect(added.json.object?["cniVersion"]?.string == version)
        #expect(added.addresses == test.addresses)
        #expect(added.errorOutput.isEmpty)
        #expect(try container.link("eth0")?["mtu"] == 1400)
        for gateway in test.gateways { #expect(container.reaches(gateway), "\(gateway)") }
        // The daemon masquerades.
        #expect(try network.host.ruleset().isEmpty)

        if version >= "0.4.0" {
            let checked = try network.call(container).after(added).run("CHECK", on: network.host)
            #expect(checked.succeeded && checked.output.isEmpty, "\(checked.output)")
        }
        let deleted = try network.call(container).after(added).run("DEL", on: network.host)
        #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        #expect(try container.link("eth0") == nil)
        #expect(try network.isClean())
    }

    @Test mutating func withoutAVersionItSpeaksTheOldestOne() throws {
        network.more["cniVersion"] = .null
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.json.object?["cniVersion"] == "0.1.0")
        #expect(added.json.object?["ip4"]?.object?["ip"] == "10.244.5.2/24", "\(added.output)")
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    @Test mutating func routesToAllNodesAndNoFurtherUnlessAsked() throws {
        network.delegate = [:]
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        let routes = try container.run("ip", "-4", "route", "show")
        #expect(routes.contains("10.244.0.0/16 via 10.244.5.1 dev eth0"))
        #expect(!routes.contains("default"))
    }

    @Test mutating func theBridgeMasqueradesWhereTheDaemonDoesNot() throws {
        try network.writeSubnets("10.244.5.1/24", masquerading: false)
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.host.ruleset().contains("10.244.5.2"))
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    @Test mutating func interfacesOfOneContainerComeAndGoEachByItself() throws {
        let first = try network.call(container).run("ADD", on: network.host)
        let second = try network.call(container, interface: "net1").run("ADD", on: network.host)
        #expect(network.leased == ["10.244.5.2", "10.244.5.3"])
        #expect(network.saved == ["cid1", "cid1:eth0", "cid1:net1"])
        #expect(try network.call(container).after(first).run("DEL", on: network.host).succeeded)
        #expect(network.leased == ["10.244.5.3"])
        #expect(try container.link("net1") != nil)
        #expect(network.saved == ["cid1", "cid1:net1"])
        #expect(try network.call(container, interface: "net1").after(second).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    @Test mutating func aNewSubnetIsForNewContainersAndOldOnesKeepTheirs() throws {
        let old = try network.call(container).run("ADD", on: network.host)
        try network.writeSubnets("10.244.9.1/24")
        let other = try TestContainer()
        let new = try network.call(other, id: "cid2").run("ADD", on: network.host)
        #expect(new.addresses == ["10.244.9.2/24"], "\(new.output)")
        for (container, id, added) in [(container, "cid1", old), (other, "cid2", new)] {
            let checked = try network.call(container, id: id).after(added).run("CHECK", on: network.host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        #expect(container.reaches("10.244.5.1"))
        #expect(try network.call(container).after(old).run("DEL", on: network.host).succeeded)
        #expect(network.leased == ["10.244.9.2"])
        #expect(other.reaches("10.244.9.1"))
        #expect(try network.call(other, id: "cid2").after(new).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    struct Loss: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var files: [String] = []
        /// Whether the files are cut short, as a power loss leaves them, and not deleted.
        var torn = false
        var withoutSubnets = false
        var withoutPrevious = false
        var withoutNamespace = false
    }

    static let losses: [Loss] = [
        Loss(testDescription: "nothing"),
        Loss(testDescription: "the daemon's file", withoutSubnets: true),
        Loss(testDescription: "the namespace", withoutPrevious: true, withoutNamespace: true),
        Loss(testDescription: "our saved file", files: [".cbr0/cid1:eth0"]),
        Loss(testDescription: "the reference's saved file", files: ["cid1"]),
        Loss(testDescription: "half of our saved file", files: [".cbr0/cid1:eth0"], torn: true),
        Loss(testDescription: "half of both saved files", files: ["cid1", ".cbr0/cid1:eth0"], torn: true),
        Loss(testDescription: "both saved files", files: ["cid1", ".cbr0/cid1:eth0"]),
        Loss(
            testDescription: "both saved files and the daemon's", files: ["cid1", ".cbr0/cid1:eth0"],
            withoutSubnets: true),
        Loss(
            testDescription: "both saved files and the previous result", files: ["cid1", ".cbr0/cid1:eth0"],
            withoutPrevious: true),
        Loss(
            testDescription: "everything but the configuration", files: ["cid1", ".cbr0/cid1:eth0"],
            withoutSubnets: true, withoutPrevious: true, withoutNamespace: true),
    ]

    @Test(arguments: losses, [true, false])
    mutating func deletesWhatIsLeftAfterALossOf(loss: Loss, daemonMasquerades: Bool) throws {
        try network.writeSubnets("10.244.5.1/24", "fc00:0:0:5::1/64", masquerading: daemonMasquerades)
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        for file in loss.files {
            if loss.torn {
                try network.host.directory.write("flannel/\(file)", #"{"cniVersion":"1.0.0","name":"cbr0","ty"#)
            } else {
                try File.remove("\(network.host.directory.path)/flannel/\(file)")
            }
        }
        if loss.withoutSubnets { try network.removeSubnets() }
        var call = network.call(loss.withoutNamespace ? nil : container)
        if !loss.withoutPrevious { call = call.after(added) }
        for _ in 1...2 {
            let deleted = try call.run("DEL", on: network.host)
            #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        }
        #expect(try container.link("eth0") == nil)
        #expect(try network.isClean())
    }

    @Test mutating func aFailedAddLeavesNothing() throws {
        // Found out after the interface was made and the address leased.
        try network.host.run("ip", "link", "add", "cni0", "type", "bridge")
        try network.host.run("ip", "address", "add", "10.9.9.1/24", "dev", "cni0")
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.errorMessage?.contains("10.9.9.1/24") == true, "\(added.output)")
        #expect(try container.link("eth0") == nil)
        #expect(try network.isClean())
    }

    @Test mutating func addingTwiceLeavesTheFirstAsItWas() throws {
        let first = try network.call(container).run("ADD", on: network.host)
        let files = network.saved.map { network.host.directory.contents("flannel/\($0)") }
        try network.writeSubnets("10.244.9.1/24")
        #expect(try !network.call(container).run("ADD", on: network.host).succeeded)
        #expect(network.leased == ["10.244.5.2"])
        #expect(network.saved.map { network.host.directory.contents("flannel/\($0)") } == files)
        #expect(try network.call(container).after(first).run("CHECK", on: network.host).succeeded)
    }

    @Test mutating func checkFindsWhatIsNotAsAddLeftIt() throws {
        let added = try network.call(container).run("ADD", on: network.host)
        try container.run("ip", "address", "flush", "dev", "eth0")
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.errorMessage?.contains("10.244.5.2/24") == true, "\(checked.output)")
    }

    @Test mutating func garbageIsCollectedAndValidAttachmentsStay() throws {
        network.version = "1.1.0"
        let other = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        try network.writeSubnets("10.244.9.1/24")
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)
        network.more["cni.dev/valid-attachments"] = [["containerID": "cid2", "ifname": "eth0"]]
        let collected = try network.call(nil).run("GC", on: network.host)
        #expect(collected.succeeded && collected.output.isEmpty, "\(collected.output)")
        #expect(try container.link("eth0") == nil)
        #expect(network.leased == ["10.244.9.2"])
        #expect(network.saved == ["cid2", "cid2:eth0"])
        #expect(other.reaches("10.244.9.1"))

        network.more["cni.dev/valid-attachments"] = []
        try network.removeSubnets()
        #expect(try network.call(nil).run("GC", on: network.host).succeeded)
        #expect(try network.isClean())
    }
}

/// The reference's flannel plugin does nothing but run its `bridge` with the saved file, which these tests do.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.hasReference))
struct FlannelMigrationTests {
    let network: FlannelNetwork
    let container: TestContainer

    init() throws {
        network = try FlannelNetwork()
        container = try TestContainer()
    }

    private func reference(_ configuration: JSONValue) -> PluginCall {
        var call = PluginCall("bridge", configuration, in: container)
        call.directory = Executables.reference
        return call
    }

    @Test func theReferenceDeletesWhatWasAddedHere() throws {
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        let saved = try JSONValue(parsing: try #require(network.host.directory.contents("flannel/cid1")))
        let deleted = try reference(saved).run("DEL", on: network.host)
        #expect(deleted.succeeded, "\(deleted.output)")
        #expect(try container.link("eth0") == nil)
        #expect(network.leased.isEmpty)
        // What is left of it here goes with the next DEL or GC.
        try File.remove("\(network.host.directory.path)/flannel/cid1")
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(network.saved.isEmpty)
    }

    @Test func whatTheReferenceAddedIsCheckedAndDeletedHere() throws {
        // In the reference's own words, with a bridge that only the saved file knows.
        let saved = #"""
            {"bridge":"other0","cniVersion":"1.0.0","ipMasq":false,"ipam":{"dataDir":"LEASES","ranges":[[{"subnet":"10.244.3.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"isGateway":true,"mtu":1400,"name":"cbr0","type":"bridge"}
            """#
            .replacingOccurrences(of: "LEASES", with: "\(network.host.directory.path)/networks")
        try network.host.directory.write("flannel/cid1", saved)
        let added = try reference(JSONValue(parsing: saved)).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
        let deleted = try network.call(container).after(added).run("DEL", on: network.host)
        #expect(deleted.succeeded, "\(deleted.output)")
        #expect(try container.link("eth0") == nil)
        #expect(network.leased.isEmpty && network.saved.isEmpty)
        #expect(try network.host.linkNames() == ["lo", "other0"])
    }
}
