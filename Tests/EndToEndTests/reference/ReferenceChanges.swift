import JSON
import TestSupport

/// What has happened to a container's network by the time of CHECK and DEL.
extension ReferenceCase {
    static let changes = [
        changed("the address is gone", .container("ip address flush dev eth0")),
        changed(
            "the address has another prefix length",
            .container("ip address replace 10.1.2.2/16 dev eth0; ip address del 10.1.2.2/24 dev eth0")),
        changed("the default route is gone", .container("ip route del default")),
        changed("the default route goes elsewhere", .container("ip route replace default via 10.1.2.77")),
        changed("the interface is gone", .container("ip link del eth0")),
        changed("the interface has another mac", .container("ip link set eth0 address 02:00:00:00:00:55")),
        changed(
            "the interface has another name", .container("ip link set eth0 down; ip link set eth0 name eth9"),
            .removesInterface, .lines(with: "eth9", because: "the interface is found by its other end")),
        changed("there is another address", .container("ip address add 10.7.7.7/24 dev eth0")),
        changed("there is another route", .container("ip route add 10.7.0.0/16 via 10.1.2.1")),
        changed("there is another interface", .container("ip link add other type veth")),
        changed("the port is on no bridge", .host("ip link set $port nomaster")),
        changed("the port has another mac", .host("ip link set $port address 02:00:00:00:00:66")),
        changed("the port is down", .host("ip link set $port down"), .isNoticed),
        changed("the bridge is gone", .host("ip link del bridge0")),
        changed("the bridge has another mac", .host("ip link set bridge0 address 02:00:00:00:00:77")),
        changed("the bridge has another address", .host("ip address add 10.7.7.7/24 dev bridge0")),
        changed("the bridge is not promiscuous", more: ["promiscMode": true], .host("ip link set bridge0 promisc off")),
        changed(
            "the bridge is promiscuous", .host("ip link set bridge0 promisc on"),
            .lines(with: "step 2: ", because: "who captures packets makes the bridge promiscuous, which harms nobody")),
        changed("the bridge has lost its address", .host("ip address flush dev bridge0"), .isNoticed),
        changed(
            "the port's hairpin is off", more: ["isGateway": true, "hairpinMode": true],
            .host("ip link set $port type bridge_slave hairpin off"), .isNoticed),
        changed("the port's hairpin is on", .host("ip link set $port type bridge_slave hairpin on"), .isNoticed),
        changed("the mtu is another", .container("ip link set eth0 mtu 1280")),
        changed("forwarding is off", .host("echo 0 >/proc/sys/net/ipv4/ip_forward")),
        changed(
            "the rules are gone", more: ["isDefaultGateway": true, "ipMasq": true], .host("nft flush ruleset"),
            .isNoticed,
            .lines(with: "step 3: ", because: "what is gone is no error of DEL's, where the reference wants its chain")),
    ]

    private static func changed(
        _ name: String, more: JSONObject = ["isDefaultGateway": true], _ change: ReferenceStep,
        _ differences: IntendedDifference...
    ) -> ReferenceCase {
        ReferenceCase(
            name: name, more: more, steps: [.add, change, .check, .delete, .delete], differences: differences)
    }
}

extension IntendedDifference {
    fileprivate static let isNoticed = lines(
        with: "step 2: code", "step 2: succeeds", "step 2: result",
        because: "the reference looks at what ADD has said, and not at whether it works")
}
