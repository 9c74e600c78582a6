import JSON
import TestSupport
import Testing

@testable import NodeTable

struct VXLANConfigurationTests {
    @Test func hasFlannelsDefaults() throws {
        let configuration = try VXLANConfiguration(reading: input())
        #expect(configuration.vni == 1 && configuration.port == 8472 && configuration.device == "vxlan.1")
        #expect(configuration.mode == .routed(isDirect: false) && configuration.mtu == nil)
        #expect(configuration.checksumOffload == .auto && !configuration.masquerades)
        #expect(try VXLANConfiguration(reading: input(["vni": 77])).device == "vxlan.77")
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
        (["device": "vx%d"], "device: interface name contains % or a null character"),
        (["iface": "eth%d"], "iface: interface name contains % or a null character"),
        (
            ["device": "eth0", "iface": "eth0"],
            #"device: "eth0" is the iface already; a VXLAN is a device of its own"#
        ),
        (["device": "cni0"], #"device: "cni0" is the bridge already; a VXLAN is a device of its own"#),
        (["network": "0.0.0.0/0"], "network: expected a network that containers can have addresses of, got 0.0.0.0/0"),
        (["network": "::/0"], "network: expected a network that containers can have addresses of, got ::/0"),
        (
            ["network": "224.0.0.0/8"],
            "network: expected a network that containers can have addresses of, got 224.0.0.0/8"
        ),
        (["device": "a/b"], "device: interface name contains / or : or whitespace characters"),
    ]

    @Test(arguments: refusals)
    func refusesWhatWillNotDo(more: JSONObject, message: String) {
        do {
            _ = try VXLANConfiguration(reading: input(more))
            Issue.record("accepted")
        } catch {
            #expect("\(error)" == message)
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

    static let bridges: [(JSONObject, String?)] = [
        ([:], nil),
        (["mode": "segment"], "cni0"),
        (["mode": "segment", "bridge": "br7"], "br7"),
        (["mode": "segment", "bridge": "br7", "delegate": ["bridge": "br8"]], "br8"),
        (["mode": "segment", "bridge": "br7", "delegate": ["mtu": 1400]], "br7"),
        // As bridge itself reads it.
        (["mode": "segment", "delegate": ["Bridge": "br8"]], "br8"),
        (["mode": "segment", "bridge": "br7", "delegate": ["bridge": .null]], "cni0"),
    ]

    @Test(arguments: bridges)
    func aSegmentHangsOnTheBridgeOfTheContainers(more: JSONObject, bridge: String?) throws {
        #expect(try VXLANConfiguration(reading: input(more)).bridge == bridge)
    }
}
