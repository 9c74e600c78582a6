import Addressing
import Testing

@testable import Flannel

struct ClusterNetworkTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var pools: [String]
        var testDescription: String { text }
    }

    private static func pools(_ text: String) throws -> [String] {
        try ClusterNetwork(parsing: Array(text.utf8)).pools.map { "\($0.first) \($0.last.address)" }
    }

    @Test(arguments: [
        Case(text: #"{"Network":"10.244.0.0/16"}"#, pools: ["10.244.1.0/24 10.244.255.0"]),
        Case(text: #"{"NETWORK":"10.244.7.7/16"}"#, pools: ["10.244.1.0/24 10.244.255.0"]),
        Case(text: #"{"Network":"10.0.0.0/28"}"#, pools: ["10.0.0.4/30 10.0.0.12"]),
        Case(text: #"{"Network":"10.0.0.0/23"}"#, pools: ["10.0.0.128/25 10.0.1.128"]),
        Case(text: #"{"Network":"10.0.0.0/8","SubnetLen":20}"#, pools: ["10.0.16.0/20 10.255.240.0"]),
        Case(
            text: #"{"Network":"10.0.0.0/8","SubnetLen":20,"SubnetMin":"10.10.0.0","SubnetMax":"10.99.0.0","New":[1]}"#,
            pools: ["10.10.0.0/20 10.99.0.0"]),
        Case(
            text: #"{"Network":"10.244.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:42::/56"}"#,
            pools: ["10.244.1.0/24 10.244.255.0", "fd00:42:0:1::/64 fd00:42:0:ff::"]),
        Case(
            text: #"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00::/120"}"#,
            pools: ["fd00::40/122 fd00::c0"]),
    ])
    func takesDefaultsOfTheReference(test: Case) throws {
        #expect(try Self.pools(test.text) == test.pools)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var text: String
        var message: String
        var testDescription: String { text }
    }

    @Test(arguments: [
        Fault(text: "{}", message: "please define a correct Network parameter in the flannel config"),
        Fault(text: #"{"Network":"10.0.0.0/16","SubnetLen":31}"#, message: "SubnetLen must be less than /31"),
        Fault(
            text: #"{"Network":"10.0.0.0/16","SubnetLen":17}"#,
            message: "network must be able to accommodate at least four subnets"),
        Fault(
            text: #"{"Network":"10.0.0.0/29"}"#,
            message: "network is too small. Minimum useful network prefix is /28"),
        Fault(
            text: #"{"Network":"10.0.0.0/16","SubnetMin":"10.1.0.0"}"#,
            message: "SubnetMin is not in the range of the Network"),
        Fault(
            text: #"{"Network":"10.0.0.0/16","SubnetMax":"9.0.0.0"}"#,
            message: "SubnetMax is not in the range of the Network"),
        Fault(
            text: #"{"Network":"10.0.0.0/16","SubnetMin":"10.0.0.7"}"#,
            message: "SubnetMin is not on a SubnetLen boundary: 10.0.0.7"),
        Fault(
            text: #"{"Network":"10.0.0.0/16","SubnetMin":"10.0.9.0","SubnetMax":"10.0.8.0"}"#,
            message: "SubnetMin 10.0.9.0 comes after SubnetMax 10.0.8.0"),
        Fault(
            text: #"{"EnableIPv4":false,"EnableIPv6":true}"#,
            message: "please define a correct IPv6Network parameter in the flannel config"),
        Fault(
            text: #"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00::/125"}"#,
            message: "IPv6Network is too small. Minimum useful network prefix is /124"),
        Fault(
            text: #"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00::/64","IPv6SubnetLen":127}"#,
            message: "SubnetLen must be less than /127"),
        Fault(
            text: #"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00::/48","IPv6SubnetMin":"fe00::"}"#,
            message: "IPv6SubnetMin is not in the range of the IPv6Network"),
        Fault(text: #"{"EnableIPv4":false}"#, message: "none defined stack"),
        Fault(text: #"{"Network":7}"#, message: "Network: expected a string, got 7"),
        Fault(
            text: #"{"Network":"0.0.0.0/0"}"#,
            message: "Network: expected a network that containers can have addresses of, got 0.0.0.0/0"),
        Fault(text: #"{"Network":"fd00::/48"}"#, message: #"Network: expected an IPv4 network, got "fd00::/48""#),
        Fault(text: "", message: "unexpected end of JSON input"),
        Fault(text: #"["Network"]"#, message: #"expected an object, got ["Network"]"#),
    ])
    func saysWhatIsWrongInTheReferencesWords(test: Fault) {
        #expect(throws: NetworkConfigurationError.invalid(test.message)) { try Self.pools(test.text) }
    }

    @Test(arguments: [
        (#"{"Network":"10.0.0.0/16"}"#, "udp"), (#"{"Network":"10.0.0.0/16","Backend":{}}"#, ""),
        (#"{"Network":"10.0.0.0/16","backend":{"TYPE":"VXLAN"}}"#, "vxlan"),
    ])
    func findsTheBackend(text: String, type: String) throws {
        #expect(try ClusterNetwork(parsing: Array(text.utf8)).backend.type == type)
    }

    @Test func readsTheSettingsOfVXLAN() throws {
        let text = #"{"Network":"10.0.0.0/16","Backend":{"Type":"vxlan","VNI":7,"Port":4789,"GBP":true,"MTU":1400}}"#
        let settings = try VXLANBackendSettings(
            reading: ClusterNetwork(parsing: Array(text.utf8)).backend.settings)
        #expect(settings.vni == 7 && settings.port == 4789 && settings.hasGroupPolicy && settings.outerMTU == 1400)
        #expect(!settings.isLearning && !settings.routesDirectly)
    }

    @Test func onlySubnetsThatAreGivenAwayFit() throws {
        let both = try ClusterNetwork(
            parsing: Array(#"{"Network":"10.244.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:42::/56"}"#.utf8))
        let subnets = { (texts: String...) in NodeSubnets(texts.compactMap { CIDR($0) }) }
        #expect(subnets("10.244.1.0/24", "fd00:42:0:1::/64")?.fits(both) == true)
        #expect(subnets("10.244.0.0/24", "fd00:42:0:1::/64")?.fits(both) == false)
        #expect(subnets("10.244.1.0/25", "fd00:42:0:1::/64")?.fits(both) == false)
        #expect(subnets("10.244.1.0/24")?.fits(both) == false)
    }
}
