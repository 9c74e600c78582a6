import JSON
import TestSupport

/// What one ADD can be asked for.
extension ReferenceCase {
    private static let dualStack: [JSONValue] = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]

    static let numbers = ["", "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"]

    static let versions = numbers.flatMap { version in
        let name = version.isEmpty ? "no version" : version
        return [
            ReferenceCase(name: "\(name), both families", version: version, ranges: dualStack),
            ReferenceCase(
                name: "\(name), masquerade", version: version, more: ["isDefaultGateway": true, "ipMasq": true]),
            ReferenceCase(
                name: "\(name), no gateway, routes, dns", version: version,
                more: ["dns": ["nameservers": ["192.0.2.1"], "domain": "a.example", "options": ["ndots:2"]]],
                ipamMore: ["routes": [["dst": "10.9.0.0/16", "gw": "10.1.2.9"]]]),
        ]
    }

    /// Without IPAM.
    static let layer2 = numbers.map { version in
        let differences: [IntendedDifference] =
            switch version {
            // These versions have no result without addresses.
            case "", "0.1.0", "0.2.0": [.specifiedCode, .nothingLeft]
            case "0.4.0", "1.0.0":
                [
                    .lines(
                        with: "step 1: code", "step 1: succeeds", "step 1: result",
                        because: "the reference has an IPAM plugin of no name check, which fails")
                ]
            default: []
            }
        return ReferenceCase(
            name: "\(version.isEmpty ? "no version" : version), layer 2", version: version, more: ["ipam": [:]],
            differences: differences)
    }

    static let options = [
        ReferenceCase(name: "no gateway", more: [:]),
        ReferenceCase(name: "gateway", more: ["isGateway": true]),
        ReferenceCase(name: "IPv6", ranges: [[["subnet": "fd00:1::/64"]]]),
        ReferenceCase(
            name: "three networks",
            ranges: [[["subnet": "192.168.0.0/24"]], [["subnet": "fd00::/64"]], [["subnet": "2001:db8:1::/64"]]]),
        ReferenceCase(name: "mtu", more: ["isGateway": true, "mtu": 1400]),
        ReferenceCase(name: "mtu for jumbo frames", more: ["isGateway": true, "mtu": 9000]),
        ReferenceCase(name: "mtu 0", more: ["isGateway": true, "mtu": 0]),
        ReferenceCase(name: "hairpin", more: ["isGateway": true, "hairpinMode": true]),
        ReferenceCase(name: "promiscuous", more: ["isGateway": true, "promiscMode": true]),
        ReferenceCase(name: "masquerade", more: ["isDefaultGateway": true, "ipMasq": true]),
        ReferenceCase(
            name: "masquerade of IPv6", ranges: [[["subnet": "fd00:1::/64"]]],
            more: ["isDefaultGateway": true, "ipMasq": true]),
        ReferenceCase(name: "masquerade of both", ranges: dualStack, more: ["isDefaultGateway": true, "ipMasq": true]),
        ReferenceCase(name: "masquerade without a way out", more: ["isGateway": true, "ipMasq": true]),
        ReferenceCase(
            name: "masquerade by iptables", ranges: dualStack,
            more: ["isDefaultGateway": true, "ipMasq": true, "ipMasqBackend": "iptables"]),
        ReferenceCase(name: "spoof check", more: ["isDefaultGateway": true, "macspoofchk": true]),
        ReferenceCase(name: "forced address", more: ["isGateway": true, "forceAddress": true]),
        ReferenceCase(name: "vlan 0", more: ["isGateway": true, "vlan": 0]),
        ReferenceCase(name: "members in other cases", more: ["ISDEFAULTGATEWAY": true, "MTU": 1350]),
        ReferenceCase(name: "null members", more: ["isGateway": true, "mtu": nil, "dns": nil]),
        ReferenceCase(name: "unknown members", more: ["isGateway": true, "colour": ["of": "no interest"]]),
        ReferenceCase(
            name: "dns", more: ["isGateway": true, "dns": ["nameservers": ["192.0.2.1"], "search": ["a.example"]]]),
        ReferenceCase(name: "empty dns", more: ["isGateway": true, "dns": ["nameservers": []]]),
        ReferenceCase(name: "mac from arguments", arguments: "MAC=02:00:00:00:00:07;IgnoreUnknown=1"),
        ReferenceCase(name: "mac from runtimeConfig", more: ["runtimeConfig": ["mac": "02:00:00:00:00:08"]]),
        ReferenceCase(name: "mac from args", more: ["args": ["cni": ["mac": "02:00:00:00:00:09"]]]),
        ReferenceCase(
            name: "mac from everywhere",
            more: ["args": ["cni": ["mac": "02:00:00:00:00:02"]], "RuntimeConfig": ["mac": "02-00-00-00-00-03"]],
            arguments: "IgnoreUnknown=1;MAC=02:00:00:00:00:01"),
        ReferenceCase(name: "address from arguments", arguments: "IP=10.1.2.77;IgnoreUnknown=1"),
        ReferenceCase(name: "address from args", more: ["args": ["cni": ["ips": ["10.1.2.88/24"]]]]),
        ReferenceCase(name: "address from runtimeConfig", more: ["runtimeConfig": ["ips": ["10.1.2.99"]]]),
        ReferenceCase(
            name: "ranges from runtimeConfig", more: ["runtimeConfig": ["ipRanges": [[["subnet": "10.5.0.0/24"]]]]]),
        ReferenceCase(name: "gateway at the end", ranges: [[["subnet": "10.1.2.0/24", "gateway": "10.1.2.254"]]]),
        ReferenceCase(
            name: "a part of the subnet",
            ranges: [[["subnet": "10.1.2.0/24", "rangeStart": "10.1.2.100", "rangeEnd": "10.1.2.110"]]]),
        ReferenceCase(
            name: "two ranges in a set",
            ranges: [[["subnet": "10.1.2.0/30"], ["subnet": "10.2.2.0/24"]]]),
        ReferenceCase(
            name: "routes", more: ["isGateway": true],
            ipamMore: ["routes": [["dst": "0.0.0.0/0"], ["dst": "10.9.0.0/16", "gw": "10.1.2.9"]]]),
        ReferenceCase(
            name: "IPv6 routes", ranges: [[["subnet": "fd00:1::/64"]]], more: ["isGateway": true],
            ipamMore: ["routes": [["dst": "::/0"], ["dst": "fd00:2::/64", "gw": "fd00:1::9"]]]),
        ReferenceCase(
            name: "a route by the gateway of the address", more: ["isGateway": true],
            ipamMore: ["routes": [["dst": "10.8.0.0/16"]]],
            differences: [
                .lines(
                    with: "step 1: code", "step 1: succeeds", "step 1: result",
                    because: "the reference looks for a route without a gateway, where its ADD has filled one in")
            ]),
        ReferenceCase(
            name: "a default route with a gateway",
            ipamMore: ["routes": [["dst": "0.0.0.0/0", "gw": "10.1.2.9"]]]),
    ]

    /// Refused by both, in the same words.
    static let failures = [
        ReferenceCase(name: "unknown argument", arguments: "A=B", steps: [.add], differences: [.specifiedCode]),
        ReferenceCase(name: "bad argument", arguments: "A", steps: [.add], differences: [.specifiedCode]),
        refusedByIPAM("no ranges", ranges: []),
        refusedByIPAM("host bits", ranges: [[["subnet": "10.1.2.3/24"]]]),
        refusedByIPAM("small subnet", ranges: [[["subnet": "10.1.2.0/31"]]]),
        refusedByIPAM("empty set", ranges: [[]]),
        refusedByIPAM("mixed families", ranges: [[["subnet": "10.1.2.0/24"], ["subnet": "fd00::/64"]]]),
        refusedByIPAM("overlap in a set", ranges: [[["subnet": "10.1.0.0/16"], ["subnet": "10.1.2.0/24"]]]),
        refusedByIPAM("overlap of sets", ranges: [[["subnet": "10.1.0.0/16"]], [["subnet": "10.1.2.0/24"]]]),
        refusedByIPAM(
            "start behind end",
            ranges: [[["subnet": "10.1.2.0/24", "rangeStart": "10.1.2.50", "rangeEnd": "10.1.2.40"]]]),
        refusedByIPAM("start outside", ranges: [[["subnet": "10.1.2.0/24", "rangeStart": "10.1.3.0"]]]),
        refusedByIPAM("end outside", ranges: [[["subnet": "10.1.2.0/24", "rangeEnd": "10.1.3.0"]]]),
        refusedByIPAM(
            "address outside", more: ["args": ["cni": ["ips": ["10.77.0.1"]]]],
            differences: [
                .lines(
                    with: "last_reserved_ip",
                    because: "an address that is refused is not remembered as the last one given")
            ]),
        refusedByIPAM("the gateway's address", more: ["args": ["cni": ["ips": ["10.1.2.1"]]]], differences: []),
        refusedByIPAM(
            "two of a family", version: "0.2.0", ranges: [[["subnet": "10.1.2.0/24"]], [["subnet": "10.1.3.0/24"]]]),
        ReferenceCase(
            name: "hairpin and promiscuous", more: ["hairpinMode": true, "promiscMode": true], steps: [.add],
            differences: [.specifiedCode]),
        ReferenceCase(
            name: "no such IPAM", ipamMore: ["type": "no-such-plugin"], steps: [.add],
            differences: [.specifiedCode, .nothingLeft]),
    ]

    /// The reference has made the interface by then.
    private static func refusedByIPAM(
        _ name: String, version: String = "1.0.0", ranges: [JSONValue] = [[["subnet": "10.1.2.0/24"]]],
        more: JSONObject = ["isDefaultGateway": true], ipamMore: JSONObject = [:],
        differences: [IntendedDifference] = [.releases]
    ) -> ReferenceCase {
        ReferenceCase(
            name: name, version: version, ranges: ranges, more: more, ipamMore: ipamMore, steps: [.add],
            differences: [.specifiedCode, .nothingLeft] + differences)
    }
}
