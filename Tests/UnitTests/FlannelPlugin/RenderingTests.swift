import JSON
import Testing

@testable import CNI
@testable import Flannel
@testable import FlannelPlugin

/// The reference's rendering: what of it does not depend on the node is in DelegateConfigurationTests.
struct RenderingTests {
    static let node = ["FLANNEL_NETWORK=10.244.0.0/16", "FLANNEL_SUBNET=10.244.5.1/24", "FLANNEL_MTU=1450"]
    static let node6 = ["FLANNEL_IPV6_NETWORK=fc00::/48", "FLANNEL_IPV6_SUBNET=fc00:0:0:5::1/64"]
    static let masquerading = "FLANNEL_IPMASQ=true"

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// The configuration beside `"name": "cbr0"`.
        var configuration = "{}"
        var node = RenderingTests.node + [masquerading]
        /// Compact and sorted.
        var expected: String
    }

    static let cases = [
        Case(
            testDescription: "the usual list, to the byte",
            configuration: #"{"cniVersion":"1.0.0","delegate":{"hairpinMode":true,"isDefaultGateway":true}}"#,
            expected:
                #"{"cniVersion":"1.0.0","hairpinMode":true,"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"isDefaultGateway":true,"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}"#
        ),
        Case(
            testDescription: "a daemon that does not masquerade leaves it to the bridge",
            node: node + ["FLANNEL_IPMASQ=false"],
            expected:
                #"{"ipMasq":true,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}"#
        ),
        Case(
            testDescription: "ipMasq and mtu are set for every type, and not where delegate has them",
            configuration: #"{"delegate":{"type":"macvlan","mtu":null}}"#,
            expected:
                #"{"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"mtu":null,"name":"cbr0","type":"macvlan"}"#
        ),
        Case(
            testDescription: "two families give two sets of ranges, IPv4 first", node: node6 + node + [masquerading],
            expected:
                #"{"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}],[{"subnet":"fc00:0:0:5::/64"}]],"routes":[{"dst":"10.244.0.0/16"},{"dst":"fc00::/48"}],"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}"#
        ),
        Case(
            testDescription: "ranges are replaced, a subnet and everything else of ipam stays",
            configuration:
                #"{"ipam":{"ranges":[[{"subnet":"1.2.3.0/24"}]],"subnet":"1.2.3.0/24","dataDir":"/x","Type":"y","z":1.50}}"#,
            expected:
                #"{"ipMasq":false,"ipam":{"Type":"y","dataDir":"/x","ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"subnet":"1.2.3.0/24","type":"host-local","z":1.50},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}"#
        ),
        Case(
            testDescription: "another type of ipam stays", configuration: #"{"ipam":{"type":"dhcp"}}"#,
            expected:
                #"{"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"type":"dhcp"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}"#
        ),
        Case(
            testDescription: "the user's routes come first, as written, without what CNI does not know",
            configuration:
                #"{"ipam":{"routes":[{"dst":"0.0.0.0/0","gw":"10.244.5.9","x":1},{"Dst":"10.1.2.3/16","mtu":1400,"advmss":1300,"priority":5,"table":7,"scope":0},{"dst":"10.244.0.0/16"}]}}"#,
            expected:
                #"{"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"0.0.0.0/0","gw":"10.244.5.9"},{"advmss":1300,"dst":"10.1.2.3/16","mtu":1400,"priority":5,"scope":0,"table":7},{"dst":"10.244.0.0/16"},{"dst":"10.244.0.0/16"}],"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}"#
        ),
        Case(
            testDescription: "routes that are null are none, and several networks a route each",
            configuration: #"{"ipam":{"routes":null}}"#,
            node: node + [masquerading, "FLANNEL_NETWORK=10.1.0.0/16,10.2.0.0/16"],
            expected:
                #"{"ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"10.1.0.0/16"},{"dst":"10.2.0.0/16"}],"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}"#
        ),
    ]

    @Test(arguments: cases)
    func rendersAsTheReference(test: Case) throws {
        let file = try SubnetFile(parsing: Array(test.node.joined(separator: "\n").utf8), path: "")
        let rendering = try configuration(test.configuration).rendering(on: file)
        #expect(String(decoding: rendering.bytes, as: UTF8.self) == test.expected)
    }

    @Test(arguments: [
        (#"{"subnetFile":7}"#, "subnetFile: expected a string, got 7"),
        (#"{"subnetFile":"a\u0000b"}"#, "subnetFile: expected a path, got one with a null character"),
        (#"{"ipam":"dhcp"}"#, "ipam: expected an object, got \"dhcp\""),
        (#"{"delegate":[]}"#, "delegate: expected an object, got []"),
        (#"{"runtimeConfig":1}"#, "runtimeConfig: expected an object, got 1"),
    ])
    func refusesMembersOfTheWrongForm(text: String, cause: String) {
        let error = #expect(throws: CNIError.self) { try configuration(text) }
        #expect(error?.message == "failed to load flannel netconf file: failed to load netconf: \(cause)")
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(arguments: [
        (#"{"ipam":{"routes":7}}"#, "ipam.routes: expected an array, got 7"),
        (#"{"ipam":{"routes":[{}]}}"#, "ipam.routes[0].dst: missing"),
        (
            #"{"ipam":{"routes":[{"dst":"10.0.0.0"}]}}"#,
            "ipam.routes[0].dst: expected a network such as 10.1.0.0/16, got \"10.0.0.0\""
        ),
        (
            #"{"ipam":{"routes":[{"dst":"10.0.0.0/8","gw":"x"}]}}"#,
            "ipam.routes[0].gw: expected an IP address such as 10.1.0.1, got \"x\""
        ),
    ])
    func refusesRoutesThatAreNone(text: String, cause: String) throws {
        let file = try SubnetFile(
            parsing: Array((Self.node + [Self.masquerading]).joined(separator: "\n").utf8), path: "")
        let error = #expect(throws: CNIError.self) { try configuration(text).rendering(on: file) }
        #expect(
            error?.message
                == "failed to assemble Delegate IPAM: failed to read IPAM routes: failed to parse ipam.routes: \(cause)"
        )
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func rendersAgainFromThePreviousResultWhereThereIsNoFile() throws {
        let text = #"""
            {"subnetFile":"/nonexistent/subnet.env","ipam":{"routes":7,"dataDir":"/x"},
            "prevResult":{"cniVersion":"1.0.0","ips":[{"address":"10.244.5.7/24"},{"address":"fc00:0:0:5::7/64"}]}}
            """#
        #expect(
            try String(decoding: configuration(text).renderingAgain().bytes, as: UTF8.self)
                == #"{"ipMasq":true,"ipam":{"dataDir":"/x","ranges":[[{"subnet":"10.244.5.0/24"}],[{"subnet":"fc00:0:0:5::/64"}]],"routes":[],"type":"host-local"},"isGateway":true,"name":"cbr0","type":"bridge"}"#
        )
        #expect(
            try String(
                decoding: configuration(#"{"subnetFile":"/nonexistent/subnet.env"}"#).renderingAgain().bytes,
                as: UTF8.self)
                == #"{"ipMasq":true,"ipam":{"routes":[],"type":"host-local"},"isGateway":true,"name":"cbr0","type":"bridge"}"#
        )
    }

    private func configuration(_ text: String) throws -> FlannelConfiguration {
        let bytes = Array(text.utf8)
        return try FlannelConfiguration(
            NetworkConfiguration(
                version: .v1_0_0, name: "cbr0", bytes: bytes, reader: JSONReader(try JSONValue(parsing: bytes))))
    }
}
