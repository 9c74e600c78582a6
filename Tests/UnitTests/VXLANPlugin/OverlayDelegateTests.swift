import JSON
import Testing

@testable import CNI
@testable import NodeTable
@testable import VXLANPlugin

/// What the delegate is told of a node.
struct OverlayDelegateTests {
    /// A configuration with members added, replaced or, by null, taken away.
    private func input(_ more: JSONObject = [:]) -> NetworkConfiguration {
        var object: JSONObject = [
            "cniVersion": "1.1.0", "name": "overlay", "type": "vxlan", "network": "10.244.0.0/16",
            "nodes": [
                ["publicIP": "192.168.1.11", "subnet": "10.244.1.0/24", "name": "a"],
                ["publicIP": "192.168.1.12", "subnet": "10.244.2.0/24", "name": "b"],
            ],
        ]
        for member in more.members { object[member.name] = member.value == .null ? nil : member.value }
        let value = JSONValue.object(object)
        return NetworkConfiguration(
            version: .v1_1_0, name: "overlay", bytes: value.serialized(), reader: JSONReader(value))
    }

    private func delegate(_ more: JSONObject = [:]) throws -> JSONObject {
        let input = input(more)
        let configuration = try VXLANConfiguration(reading: input.reader)
        let node = try #require(try OverlayNodes(configuration).nodes.first)
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
