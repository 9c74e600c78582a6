import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// What the reference's own tests demand of `host-local`.
struct HostLocalTests {
    static let versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]

    private func simple(_ more: JSONObject = [:]) throws -> LeaseNetwork {
        var ipam = more
        ipam["subnet"] = "10.1.2.0/24"
        return try LeaseNetwork(ipam)
    }

    @Test(arguments: versions)
    func leasesOneAddressPerSet(version: String) throws {
        var network = try LeaseNetwork([
            "ranges": [[["subnet": "10.1.2.0/24"], ["subnet": "10.2.2.0/24"]], [["subnet": "2001:db8:1::/64"]]],
            "routes": [
                ["dst": "0.0.0.0/0"], ["dst": "::/0"], ["dst": "192.168.0.0/16", "gw": "1.1.1.1"],
                ["dst": "2001:db8:2::0/64", "gw": "2001:db8:3::1"],
            ],
        ])
        network.version = version
        network.ipam["resolvConf"] = .string(try network.files.write("resolv.conf", "nameserver 192.0.2.3\n"))
        let added = try network.run("ADD", "dummy")
        try #require(added.succeeded, "\(added.output)")
        for text in [
            "10.1.2.2/24", "\"10.1.2.1\"", "2001:db8:1::2/64", "\"2001:db8:1::1\"", "192.168.0.0/16", "1.1.1.1",
            "2001:db8:2::/64", "2001:db8:3::1", "192.0.2.3",
        ] {
            #expect(added.output.contains(text))
        }
        #expect(added.output.contains("\"version\":") == ["0.3.0", "0.3.1", "0.4.0"].contains(version))
        #expect(added.errorOutput.isEmpty)
        #expect(network.leased == ["10.1.2.2", "2001:db8:1::2"])
        #expect(network.lease("10.1.2.2") == "dummy\r\neth0")
        #expect(network.lease("2001:db8:1::2") == "dummy\r\neth0")
        #expect(network.lease("last_reserved_ip.0") == "10.1.2.2")
        #expect(network.lease("last_reserved_ip.1") == "2001:db8:1::2")

        #expect(try network.run("DEL", "dummy").succeeded)
        #expect(network.leased.isEmpty)
    }

    @Test func tellsTheWholeOfARoute() throws {
        let network = try simple([
            "routes": [
                [
                    "dst": "192.0.2.0/24", "gw": "10.1.2.9", "mtu": 1400, "advmss": 1360, "priority": 7, "table": 9,
                    "scope": 253,
                ]
            ]
        ])
        let added = try network.run("ADD")
        #expect(added.json.object?["routes"]?.sorted == network.ipam["routes"]?.sorted)
    }

    @Test func keepsNetworksApart() throws {
        let first = try simple()
        var second = first
        second.name = "othernet"
        second.ipam["subnet"] = "10.2.2.0/24"
        #expect(try first.run("ADD", "dummy").addresses == ["10.1.2.2/24"])
        #expect(try second.run("ADD", "dummy", "eth1").addresses == ["10.2.2.2/24"])
        #expect(second.lease("10.2.2.2") == "dummy\r\neth1")
        try first.run("DEL", "dummy")
        #expect(first.leased.isEmpty && second.leased == ["10.2.2.2"])
        try second.run("DEL", "dummy", "eth1")
        #expect(second.leased.isEmpty)
    }

    @Test func refusesASecondAddressToTheSameAttachment() throws {
        let network = try simple()
        #expect(try network.run("ADD", "dummy").addresses == ["10.1.2.2/24"])
        let again = try network.run("ADD", "dummy")
        #expect(
            again.errorMessage
                == "failed to allocate for range 0: 10.1.2.2 has been allocated to dummy, "
                + "duplicate allocation is not allowed")
        #expect(try network.run("ADD", "dummy1").addresses == ["10.1.2.3/24"])
        #expect(try !network.run("ADD", "dummy").succeeded)
        #expect(try network.run("ADD", "dummy", "eth1").addresses == ["10.1.2.4/24"])
        for (id, interface) in [("dummy", "eth0"), ("dummy1", "eth0"), ("dummy", "eth1")] {
            #expect(try network.run("DEL", id, interface).succeeded)
        }
        #expect(network.leased.isEmpty)
    }

    @Test func releasesALeaseOfTheOldForm() throws {
        let network = try simple()
        try network.run("ADD", "dummy")
        try network.files.write("mynet/10.1.2.2", "dummy")
        #expect(try network.run("DEL", "dummy").succeeded)
        #expect(network.leased.isEmpty)
    }

    @Test func deletesWhatWasNeverAdded() throws {
        #expect(try simple().run("DEL", "dummy").succeeded)
    }

    @Test func deletesWhenTheRangesAreNoLongerValid() throws {
        var network = try simple()
        try network.run("ADD", "c1")
        try network.run("ADD", "c2")
        network.ipam["subnet"] = "10.1.2.7/24"
        network.ipam["routes"] = "nonsense"
        #expect(try network.run("CHECK", "c1").succeeded)
        #expect(try network.run("DEL", "c1").succeeded)
        #expect(try network.keeping([]).run("GC").succeeded)
        #expect(network.leased.isEmpty)
        #expect(try network.run("ADD", "c3").errorCode == 7)
    }

    @Test func givesRequestedAddresses() throws {
        var network = try LeaseNetwork(["ranges": [[["subnet": "10.1.2.0/24"]], [["subnet": "10.1.3.0/24"]]]])
        network.more["args"] = ["cni": ["ips": ["10.1.2.88", "10.1.3.77"]]]
        #expect(try network.run("ADD").addresses == ["10.1.2.88/24", "10.1.3.77/24"])
        #expect(network.lease("last_reserved_ip.0") == "10.1.2.88")
        #expect(
            try network.run("ADD", "c2").errorMessage
                == "failed to allocate for range 0: requested IP address 10.1.2.88 is not available in range set "
                + "10.1.2.1-10.1.2.254")
        network.more["args"] = ["cni": ["ips": ["10.1.2.88", "10.1.2.77"]]]
        #expect(
            try network.run("ADD", "c2").errorMessage?.hasPrefix("failed to allocate all requested IPs: 10.1.2.")
                == true)
        network.more["args"] = ["cni": ["ips": ["10.1.2.1"]]]
        #expect(
            try network.run("ADD", "c2").errorMessage
                == "failed to allocate for range 0: requested ip 10.1.2.1 is subnet's gateway")
        #expect(network.leased == ["10.1.2.88", "10.1.3.77"])
        network.version = "0.2.0"
        #expect(
            try network.run("ADD", "c2").errorMessage
                == "CNI version 0.2.0 does not support more than 1 address per family")
    }

    @Test(arguments: versions)
    func givesRequestedAddressesOfBothFamilies(version: String) throws {
        var network = try LeaseNetwork([
            "ranges": [[["subnet": "172.16.1.0/24"], ["subnet": "10.1.2.0/24"]], [["subnet": "2001:db8:1::/48"]]]
        ])
        network.version = version
        network.more["args"] = ["cni": ["ips": ["10.1.2.88", "2001:db8:1::999"]]]
        #expect(try network.run("ADD").succeeded)
        #expect(network.leased == ["10.1.2.88", "2001:db8:1::999"])
    }

    @Test func goesRoundBeforeAnAddressIsUsedAgain() throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/29"])
        let addresses = try (1...5).flatMap { try network.run("ADD", "c\($0)").addresses }
        #expect(addresses == (2...6).map { "10.1.2.\($0)/29" })
        let refused = try network.run("ADD", "c6")
        #expect(refused.errorCode == 11)
        #expect(
            refused.errorMessage
                == "failed to allocate for range 0: no IP addresses available in range set: 10.1.2.1-10.1.2.6")
        try network.run("DEL", "c3")
        try network.run("DEL", "c2")
        #expect(try network.run("ADD", "c6").addresses == ["10.1.2.3/29"])
        #expect(try network.run("ADD", "c7").addresses == ["10.1.2.4/29"])
    }

    @Test func undoesOnlyWhatItHasDoneItself() throws {
        var network = try LeaseNetwork(["ranges": [[["subnet": "10.1.2.0/29"]]]])
        try network.run("ADD", "c1")
        network.ipam["ranges"] = [[["subnet": "10.7.0.0/29"]], [["subnet": "10.1.2.0/29"]]]
        #expect(try network.run("ADD", "c1").errorCode == 999)
        #expect(network.leased == ["10.1.2.2"])
    }
}

/// What the reference does not do.
extension HostLocalTests {
    @Test func checksTheLeaseAgainstThePreviousResult() throws {
        var network = try simple()
        let added = try network.run("ADD")
        #expect(try network.run("CHECK").succeeded)
        network.more["prevResult"] = added.json
        #expect(try network.run("CHECK").succeeded)
        network.more["prevResult"] = ["cniVersion": "1.1.0", "ips": [["address": "10.1.2.9/24"]]]
        #expect(
            try network.run("CHECK").errorMessage == "10.1.2.2 is leased to c1 (eth0), but not in prevResult")
        network.more["prevResult"] = [
            "cniVersion": "1.1.0", "ips": [["address": "10.1.2.2/24"], ["address": "10.1.2.9/24"]],
        ]
        #expect(try network.run("CHECK").errorMessage == "10.1.2.9 of c1 (eth0) in prevResult is not leased")
        #expect(
            try network.run("CHECK", "c2").errorMessage
                == "host-local: Failed to find address added by container c2")
    }

    @Test func saysThatItIsExhausted() throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/29", "exclude": ["10.1.2.4"]])
        #expect(try network.run("STATUS").succeeded)
        for number in 1...4 { #expect(try network.run("ADD", "c\(number)").succeeded) }
        #expect(network.leased == ["10.1.2.2", "10.1.2.3", "10.1.2.5", "10.1.2.6"])
        let status = try network.run("STATUS")
        #expect(status.errorCode == 50)
        #expect(status.errorMessage == "no addresses free in 10.1.2.0/29 (4 of 4 leased)")
    }

    @Test func collectsWhatIsNotValid() throws {
        let network = try simple()
        for number in 1...4 { try network.run("ADD", "c\(number)") }
        try network.files.write("mynet/10.1.2.9", "c2")
        try network.files.write("mynet/10.1.2.10", "c9")
        try network.files.write("mynet/10.1.2.11", "")
        #expect(try network.run("GC").succeeded)
        #expect(network.leased.count == 7)
        #expect(try network.keeping(["c2", "c3"]).run("GC").succeeded)
        #expect(network.leased == ["10.1.2.3", "10.1.2.4", "10.1.2.9"])
        #expect(try network.keeping([]).run("GC").succeeded)
        #expect(network.leased.isEmpty)
    }

    @Test func givesAPodItsFormerAddress() throws {
        var network = try simple(["sticky": true])
        network.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0"
        #expect(try network.run("ADD", "c1").addresses == ["10.1.2.2/24"])
        try network.run("DEL", "c1")
        #expect(try network.run("ADD", "c2").addresses == ["10.1.2.2/24"])
        network.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=other;K8S_POD_NAME=web-0"
        #expect(try network.run("ADD", "c3").addresses == ["10.1.2.3/24"])
        try network.run("DEL", "c2")
        network.more["runtimeConfig"] = ["ips": ["10.1.2.2"]]
        #expect(try network.run("ADD", "c4").addresses == ["10.1.2.2/24"])
        network.more = [:]
        network.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0"
        #expect(try network.run("ADD", "c5").addresses == ["10.1.2.4/24"])
    }

    @Test func warnsWhenASetFills() throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/29", "warnAtPercent": 60])
        #expect(try (1...3).allSatisfy { try network.run("ADD", "c\($0)").errorOutput.isEmpty })
        #expect(
            try network.run("ADD", "c4").errorOutput
                == "network \"mynet\": 4 of 5 addresses in 10.1.2.0/29 are leased, more than 60 %\n")
    }

    @Test func namesWhoHoldsTheLock() throws {
        var network = try simple(["lockTimeoutSeconds": 0])
        try network.run("ADD", "c1")
        let file = try FileDescriptor.open("\(network.files.path)/mynet/lock", O_RDONLY)
        let lock = try FileLock(file, path: "lock", timeout: 0)
        let refused = try network.run("ADD", "c2")
        #expect(refused.errorCode == 11)
        let process = ProcessInfo.processInfo.processIdentifier
        #expect(
            refused.errorMessage?.hasPrefix(
                "lock \(network.files.path)/mynet/lock: Connection timed out: held by process \(process) (") == true)
        _ = consume lock
        network.ipam["lockTimeoutSeconds"] = nil
        #expect(try network.run("ADD", "c2").succeeded)
    }
}
