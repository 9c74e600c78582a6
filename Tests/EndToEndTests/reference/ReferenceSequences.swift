import JSON
import TestSupport

/// What is done in another order, again, or wrongly.
extension ReferenceCase {
    static let sequences = [
        ReferenceCase(name: "DEL of what never was", steps: [.delete]),
        ReferenceCase(
            name: "CHECK of what never was", steps: [.check],
            differences: [
                .specifiedCode,
                .lines(with: "file lock", because: "without a result to compare with, IPAM is not asked"),
            ]),
        ReferenceCase(name: "ADD twice", steps: [.add, .add, .check, .delete]),
        ReferenceCase(name: "ADD, DEL and ADD again", steps: [.add, .delete, .add, .check, .delete]),
        ReferenceCase(name: "ADD, DEL and CHECK", steps: [.add, .delete, .check]),
        ReferenceCase(
            name: "two containers", ranges: [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]],
            steps: [.add, .add.of("cid2"), .check, .check.of("cid2"), .delete, .check.of("cid2"), .delete.of("cid2")]),
        ReferenceCase(
            name: "two containers that are masqueraded", more: ["isDefaultGateway": true, "ipMasq": true],
            steps: [.add, .add.of("cid2"), .delete, .check.of("cid2"), .delete.of("cid2")]),
        ReferenceCase(
            name: "two interfaces of a container", more: ["isGateway": true],
            steps: [.add, .add.named("eth1"), .delete.named("eth1"), .delete]),
        ReferenceCase(
            name: "more containers than addresses", ranges: [[["subnet": "10.1.2.0/30"]]],
            steps: [.add, .add.of("cid2"), .delete, .add.of("cid3"), .delete.of("cid3")],
            differences: [.specifiedCode, .nothingLeft]),
        ReferenceCase(
            name: "an address that is taken", more: ["isGateway": true, "args": ["cni": ["ips": ["10.1.2.9"]]]],
            steps: [.add, .add.of("cid2"), .delete], differences: [.specifiedCode, .nothingLeft]),
        ReferenceCase(
            name: "DEL without a namespace",
            steps: [.add, .delete.with { $0.namespacePath = nil }, .delete],
            differences: [.removesInterface]),
        ReferenceCase(
            name: "DEL when the namespace is gone",
            steps: [.add, .delete.with { $0.namespacePath = "/run/netns/gone" }, .delete],
            differences: [.removesInterface]),
        ReferenceCase(
            name: "DEL of masquerade without a namespace", more: ["isDefaultGateway": true, "ipMasq": true],
            steps: [.add, .delete.with { $0.namespacePath = nil }],
            differences: [.removesInterface, .removesRules]),
        ReferenceCase(
            name: "DEL with a path that is no namespace",
            steps: [.add, .delete.with { $0.namespacePath = "/etc/passwd" }, .delete],
            differences: [
                .removesInterface,
                .lines(
                    with: "step 1: code", "step 1: succeeds", "step 1: result", "step 1: file",
                    because: "DEL succeeds where the namespace has ended, whatever has taken its path, and releases"),
            ]),
        ReferenceCase(
            name: "DEL without the result of ADD", more: ["isDefaultGateway": true, "ipMasq": true],
            steps: [.add, .delete.with("prevResult", nil), .delete]),
        ReferenceCase(
            name: "DEL of a configuration that will not do any more",
            steps: [.add, .delete.with("mtu", "large"), .delete],
            differences: [.lines(with: "step 1: ", because: "what is there can be deleted whatever ADD would refuse")]),
        ReferenceCase(
            name: "DEL of ranges that will not do any more",
            steps: [.add, .delete.with("ipam", ["type": "host-local", "ranges": []]), .delete],
            differences: [.lines(with: "step 1: ", because: "a lease is found by its owner, without ranges")]),
        ReferenceCase(
            name: "DEL with an unknown argument",
            steps: [.add, .delete.with { $0.arguments = "A=B" }, .delete],
            differences: [.lines(with: "step 1: ", because: "what is there can be deleted whatever ADD would refuse")]),
        ReferenceCase(
            name: "CHECK without the result of ADD", steps: [.add, .check.with("prevResult", nil), .delete],
            differences: [.specifiedCode]),
        ReferenceCase(
            name: "CHECK of another namespace",
            steps: [.add, .check.with { $0.namespacePath = "/proc/self/ns/net" }, .delete]),
        ReferenceCase(
            name: "CHECK without a namespace", steps: [.add, .check.with { $0.namespacePath = nil }, .delete]),
        ReferenceCase(
            name: "CHECK with another bridge", steps: [.add, .check.with("bridge", "bridge7"), .delete]),
        ReferenceCase(
            name: "another network's address on the bridge",
            steps: [.host(bridgeWith("10.9.9.1/24")), .add], differences: [.nothingLeft]),
        ReferenceCase(
            name: "another network's address, and force", more: ["isGateway": true, "forceAddress": true],
            steps: [.host(bridgeWith("10.9.9.1/24")), .add, .check, .delete], differences: [.keepsSettings]),
        ReferenceCase(
            name: "the address with another prefix length, and force", more: ["isGateway": true, "forceAddress": true],
            steps: [.host(bridgeWith("10.1.2.1/16")), .add, .check, .delete], differences: [.keepsSettings]),
        ReferenceCase(
            name: "an overlapping IPv6 address", ranges: [[["subnet": "fd00:1::/64"]]],
            steps: [.host(bridgeWith("fd00:1::99/48")), .add], differences: [.nothingLeft]),
        ReferenceCase(
            name: "an overlapping IPv6 address, and force", ranges: [[["subnet": "fd00:1::/64"]]],
            more: ["isGateway": true, "forceAddress": true],
            steps: [.host(bridgeWith("fd00:1::99/48")), .add, .check, .delete], differences: [.keepsSettings]),
        ReferenceCase(
            name: "another IPv6 network's address", ranges: [[["subnet": "fd00:1::/64"]]],
            steps: [.host(bridgeWith("fd00:2::1/64")), .add, .check, .delete], differences: [.keepsSettings]),
        ReferenceCase(
            name: "a bridge that is there", more: ["isGateway": true, "mtu": 1400],
            steps: [.host(bridgeWith("10.1.2.1/24")), .add, .check, .delete], differences: [.keepsSettings]),
        ReferenceCase(
            name: "the bridge's name on another link", steps: [.host("ip link add bridge0 type veth"), .add]),
        ReferenceCase(
            name: "the container's interface is there", steps: [.container("ip link add eth0 type veth"), .add]),
        ReferenceCase(
            name: "a default route of IPAM and isDefaultGateway", ipamMore: ["routes": [["dst": "0.0.0.0/0"]]],
            steps: [.add],
            differences: [.lines(with: "step 0: ", because: "the reference adds the same route twice, and fails")]),
        ReferenceCase(
            name: "a route that cannot be", ipamMore: ["routes": [["dst": "10.9.0.0/16", "gw": "203.0.113.1"]]],
            steps: [.add],
            differences: [.nothingLeft]),
        refused("a mac that is none", more: ["runtimeConfig": ["mac": "zz"]]),
        refused("a group's mac", more: ["runtimeConfig": ["mac": "01:00:00:00:00:01"]]),
        refused("a path that is no namespace", steps: [.add.with { $0.namespacePath = "/etc/passwd" }]),
        refused("no namespace", steps: [.add.with { $0.namespacePath = "/run/netns/gone" }]),
        refused("a small mtu", more: ["mtu": 10], .specifiedCode),
        refused("a large mtu", more: ["mtu": 70000], .specifiedCode),
        refused("text for a number", more: ["mtu": "1500"], .specifiedCode),
        refused("text for a truth value", more: ["isGateway": "true"], .specifiedCode),
        refused("no name of the bridge", more: ["bridge": ""], .specifiedCode),
        refused("a long name of the bridge", more: ["bridge": "sixteen-letters-"], .specifiedCode),
        ReferenceCase(name: "an unknown version", version: "9.9.9", steps: [.add]),
        ReferenceCase(name: "no path of a namespace", steps: [.add.with { $0.namespacePath = nil }]),
        ReferenceCase(name: "a bad container id", steps: [.add.with { $0.containerID = "../x" }]),
        ReferenceCase(name: "no container id", steps: [.add.with { $0.containerID = "" }]),
        ReferenceCase(name: "a long interface name", steps: [.add.named("sixteen-letters-")]),
        ReferenceCase(name: "an interface name with a slash", steps: [.add.named("a/b")]),
        ReferenceCase(name: "no network name", more: ["name": ""], steps: [.add]),
        ReferenceCase(name: "a network name with a slash", more: ["name": "a/b"], steps: [.add]),
    ]

    private static func bridgeWith(_ address: String) -> String {
        "ip link add bridge0 type bridge && ip address add \(address) dev bridge0 nodad && ip link set bridge0 up"
    }

    /// Refused by this suite before it makes anything.
    private static func refused(
        _ name: String, more: JSONObject = ["isGateway": true], steps: [ReferenceStep] = [.add],
        _ differences: IntendedDifference...
    ) -> ReferenceCase {
        ReferenceCase(
            name: name, more: more, steps: steps,
            differences: differences.isEmpty ? [.specifiedCode, .nothingLeft] : differences)
    }
}

extension IntendedDifference {
    static let removesInterface = lines(
        with: "eth0", "VETH", because: "the name of the end on the host follows from the attachment, so DEL finds it")
    static let removesRules = lines(
        with: "rules mention", because: "the reference needs the interface to know the rules, and leaves them")
    static let keepsSettings = lines(
        with: "accept_ra", because: "whether a bridge that others made takes router advertisements is their affair")
}
