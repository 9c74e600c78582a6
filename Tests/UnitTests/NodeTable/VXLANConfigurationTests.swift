import JSON
import TestSupport
import Testing

@testable import CNI
@testable import NodeTable

struct VXLANConfigurationTests {
    @Test func hasFlannelsDefaults() throws {
        let configuration = try VXLANConfiguration(input())
        #expect(configuration.vni == 1 && configuration.port == 8472 && configuration.device == "vxlan.1")
        #expect(configuration.mode == .routed(isDirect: false) && configuration.mtu == nil)
        #expect(configuration.checksumOffload == .auto && !configuration.masquerades)
        #expect(try VXLANConfiguration(input(["vni": 77])).device == "vxlan.77")
    }

    static let refusals: [(JSONObject, String)] = [
        (["vni": 0], "vni: expected a number from 1 to 16777215, got 0"),
        (["vni": 16_777_216], "vni: expected a number from 1 to 16777215, got 16777216"),
        (["vni": -1], "vni: expected a number from 1 to 16777215, got -1"),
        (["port": 65536], "port: expected a number from 1 to 65535, got 65536"),
        (["port": 0], "port: expected a number from 1 to 65535, got 0"),
        (["mtu": 67], "mtu: expected a number from 68 to 65535, got 67"),
        (["network": "fd00::/48", "mtu": 1279], "mtu: expected a number from 1280 to 65535, got 1279"),
        (["network": nil], "network: missing"),
        (["network": []], "network: expected at least one network"),
        (["network": ["10.0.0.0/8", "10.244.0.0/16"]], "network: 10.244.0.0/16 overlaps 10.0.0.0/8"),
        (["nodes": nil], "expected exactly one of nodes and nodesFile"),
        (["nodesFile": "/nodes"], "expected exactly one of nodes and nodesFile"),
        (["mode": "bridged"], #"mode: expected "routed" or "segment", got "bridged""#),
        (["mode": "segment", "directRouting": true], #"directRouting: only mode "routed" has routes"#),
        (["group": "239.1.1.1"], #"group: only mode "segment" has broadcast to send to a group"#),
        (["mode": "segment", "group": "10.0.0.1"], "group: expected a multicast address, got 10.0.0.1"),
        (["checksumOffload": "maybe"], #"checksumOffload: expected "auto", "on" or "off", got "maybe""#),
        (["iface": ""], "iface: interface name is empty"),
        (["device": "abcdefghijklmnop"], "device: interface name is too long"),
        (["device": "a/b"], "device: interface name contains / or : or whitespace characters"),
    ]

    @Test(arguments: refusals)
    func refusesWhatWillNotDo(more: JSONObject, message: String) {
        do {
            _ = try VXLANConfiguration(input(more))
            Issue.record("accepted")
        } catch {
            #expect(CNIError(describing: error).message == message)
        }
    }

    static let releases = [
        ("6.18.44-fc", false), ("5.7.0", false), ("5.6.13", false), ("5.6.12-generic", true), ("5.5.19", true),
        ("5.4.41", false), ("5.4.40", true), ("4.19.123", false), ("4.18.0-305.el8", true), ("4.14.180", true),
        ("3.10.0", true),
    ]

    @Test(arguments: releases)
    func knowsTheKernelsThatSpoilChecksums(release: String, spoils: Bool) throws {
        #expect(try #require(KernelRelease(release)).spoilsChecksums == spoils)
    }

    private func delegate(_ more: JSONObject = [:]) throws -> JSONObject {
        let input = input(more)
        let configuration = try VXLANConfiguration(input)
        let node = try #require(try NodeTable(configuration).nodes.first)
        return try DelegateConfiguration(input, configuration, on: node, mtu: 1450).object.sorted
    }

    private func json(_ text: String) throws -> JSONObject {
        try #require(JSONValue(parsing: Array(text.utf8)).object)
    }

    @Test func tellsBridgeAndHostLocal() throws {
        #expect(
            try delegate()
                == json(
                    #"{"cniVersion":"1.1.0","ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.1.0/24"}]],"#
                        + #""routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"isDefaultGateway":true,"#
                        + #""isGateway":true,"mtu":1450,"name":"overlay","type":"bridge"}"#))
    }

    @Test func passesOnWhatTheUserSays() throws {
        let object = try delegate([
            "bridge": "br7", "hairpinMode": true, "runtimeConfig": ["mac": "02:00:00:00:00:01"],
            "delegate": ["mtu": 1400, "isGateway": true, "vlan": 7, "ipam": ["dataDir": "/leases"]],
            "ipMasq": true,
        ])
        #expect(object["bridge"] == "br7" && object["hairpinMode"] == true && object["mtu"] == 1400)
        #expect(object["vlan"] == 7 && object["isDefaultGateway"] == nil && object["ipMasq"] == false)
        #expect(object["runtimeConfig"] == ["mac": "02:00:00:00:00:01"])
        #expect(object["ipam"]?.object?["dataDir"] == "/leases")
        #expect(object["ipam"]?.object?["ranges"] == [[["subnet": "10.244.1.0/24"]]])
    }

    @Test func leavesAnotherAllocatorAlone() throws {
        let ipam: JSONValue = ["addresses": [["address": "10.244.1.7/24"]], "type": "static"]
        #expect(try delegate(["delegate": ["ipam": ipam]])["ipam"] == ipam)
        #expect(try delegate(["ipam": ipam])["ipam"] == ipam)
    }

    @Test func aSegmentGivesEachNodeItsRange() throws {
        let nodes: JSONValue = [["publicIP": "192.168.1.11", "range": "10.244.0.10-10.244.0.99"]]
        let object = try delegate(["mode": "segment", "nodes": nodes])
        let range: JSONValue = [
            "gateway": "10.244.0.10", "rangeEnd": "10.244.0.99", "rangeStart": "10.244.0.10", "subnet": "10.244.0.0/16",
        ]
        #expect(object["ipam"] == ["ranges": [[range]], "type": "host-local"])
        #expect(object["isDefaultGateway"] == true)
    }

    @Test func aSegmentWithoutRangesNeedsAnotherAllocator() throws {
        let more: JSONObject = ["mode": "segment", "nodes": [["publicIP": "192.168.1.11"]]]
        #expect(throws: CNIError.self) { try delegate(more) }
        var other = more
        other["ipam"] = ["type": "dhcp"]
        #expect(try delegate(other)["isGateway"] == false)
        other = more
        other["delegate"] = ["type": "ptp", "ipam": ["type": "dhcp"]]
        #expect(throws: CNIError.self) { try delegate(other) }
    }

    @Test func removingNeedsNoTable() throws {
        for more: JSONObject in [["nodes": "?"], ["nodes": nil, "vni": -1], ["network": "?"], ["mode": "?"]] {
            let object = try DelegateConfiguration(removing: input(more)).object
            #expect(object["type"] == "bridge" && object["ipam"]?.object?["type"] == "host-local")
        }
    }
}
