import JSON
import LinuxSystem
import TestSupport
import Testing

/// Configurations that are large, or name more addresses than can be gone through.
struct HostLocalScaleTests {
    /// Seconds of CPU time, which does not depend on what else the machine does, and is many times what is needed.
    private static let limit = 10

    private func run(_ network: LeaseNetwork, _ command: String, _ id: String = "c1") throws -> PluginOutcome {
        try network.run(command, id, behind: ["/bin/sh", "-c", #"ulimit -t \#(Self.limit); exec "$0""#])
    }

    /// An IPv6 network of which all but the first eight addresses are excluded.
    private func eightOfAWideNetwork(_ more: JSONObject = [:]) throws -> LeaseNetwork {
        var ipam = more
        ipam["subnet"] = "fd00:1::/64"
        ipam["exclude"] = .array(
            (65...125).map { length in
                let number = UInt64(1) << (128 - length)
                let groups = [48, 32, 16, 0].map { String(number >> $0 & 0xffff, radix: 16) }
                return .string("fd00:1:0:0:\(groups.joined(separator: ":"))/\(length)")
            })
        return try LeaseNetwork(ipam)
    }

    @Test func warnsInAWideNetworkOfWhichLittleIsLeft() throws {
        let network = try eightOfAWideNetwork(["warnAtPercent": 60])
        for number in 1...3 { #expect(try run(network, "ADD", "c\(number)").errorOutput.isEmpty) }
        let fourth = try run(network, "ADD", "c4")
        #expect(fourth.succeeded)
        #expect(
            fourth.errorOutput
                == "network \"mynet\": 4 of 6 addresses in fd00:1::/64 are leased, more than 60 %\n")
        for number in 5...6 { #expect(try run(network, "ADD", "c\(number)").succeeded) }
        #expect(try run(network, "ADD", "c7").errorCode == 11)
        #expect(
            try run(network, "STATUS").errorMessage == "no addresses free in fd00:1::/64 (6 of 6 leased)")
    }

    @Test func countsWhatCanBeLeasedAlone() throws {
        let network = try eightOfAWideNetwork(["warnAtPercent": 60])
        // Leases that were made before the gateway and the excluded addresses were.
        for number in 1...4 { try network.files.write("mynet/fd00:1::1:\(number)", "former\(number)\r\neth0") }
        try network.files.write("mynet/fd00:1::1", "former\r\neth0")
        #expect(try run(network, "ADD").errorOutput.isEmpty)
    }

    /// Every other address, so that none of them are one.
    @Test func passesOverManyExclusions() throws {
        let network = try LeaseNetwork([
            "subnet": "10.1.0.0/16", "warnAtPercent": 1,
            "exclude": .array((0..<30_000).map { .string("10.1.\($0 >> 7).\(($0 & 127) * 2)") }),
        ])
        #expect(try run(network, "ADD").addresses == ["10.1.0.3/16"])
        #expect(try run(network, "CHECK").succeeded)
        #expect(try run(network, "STATUS").succeeded)
        #expect(try run(network, "DEL").succeeded)
    }

    @Test func servesManySets() throws {
        let sets = 1500
        let network = try LeaseNetwork([
            "ranges": .array((0..<sets).map { [["subnet": .string("10.1.\($0 >> 5).\(($0 & 31) * 8)/29")]] })
        ])
        let added = try run(network, "ADD")
        #expect(added.addresses.count == sets)
        var checked = network
        checked.more["prevResult"] = added.json
        #expect(try run(checked, "CHECK").succeeded)
        #expect(try run(network, "STATUS").succeeded)
        #expect(try run(network, "ADD").errorCode == 999)
        #expect(try run(network, "DEL").succeeded)
        #expect(network.leased.isEmpty)
        #expect(try run(network, "ADD").succeeded)
        #expect(try run(network.keeping([]), "GC").succeeded)
        #expect(network.leased.isEmpty)
    }
}
