import JSON
import LinuxSystem
import TestSupport
import Testing

/// No more passes than the limit, on a machine of any load.
///
/// That it is no less, the kernel's own parameters say, which `BandwidthTests` reads back.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BandwidthTrafficTests {
    let network: BridgeNetwork
    let containers: [TestContainer]
    let added: [PluginOutcome]

    init() throws {
        let network = try BridgeNetwork()
        let containers = [try TestContainer(), try TestContainer(), try TestContainer()]
        self.network = network
        self.containers = containers
        added = try containers.enumerated().map { number, container in
            try network.call(container, id: "cid\(number)").run("ADD", on: network.host)
        }
    }

    private func address(_ number: Int) -> String {
        String(added[number].addresses.first?.prefix { $0 != "/" } ?? "")
    }

    /// Limits the first container.
    private func limit(_ members: JSONObject) throws {
        var call = PluginCall(
            "bandwidth", .object(members.with("cniVersion", "1.0.0").with("name", "net1").with("type", "bandwidth")),
            in: containers[0])
        call.containerID = "cid0"
        let outcome = try call.after(added[0]).run("ADD", on: network.host)
        try #require(outcome.succeeded, "\(outcome.output)")
    }

    /// Bytes of payload sent from one to another, and how many of them a second at most passed.
    private func transfer(from client: Int, to server: Int) throws -> (bytes: Int, milliseconds: Int) {
        let start = MonotonicClock.milliseconds
        try TCPTransfer.run(
            blocks: 1, from: containers[client], to: address(server), in: containers[server])
        return (1 << 20, MonotonicClock.milliseconds - start)
    }

    /// The bytes that have left by a part of the host's qdiscs, such as a class, as tc counts them.
    private func counted(_ arguments: String...) throws -> Int {
        let text = try network.host.output(of: "tc", ["-s"] + arguments)
        return text.matches(of: /Sent (\d+) bytes/).compactMap { Int($0.1) }.first ?? 0
    }

    @Test(arguments: ["ingress", "egress"]) func noMorePassesThanIsAskedFor(direction: String) throws {
        // 4 MB a second.
        let (rate, burst) = (32_000_000, 400_000)
        try limit([
            "\(direction)Rate": .number(JSONNumber(rate)), "\(direction)Burst": .number(JSONNumber(burst)),
        ])
        let (from, to) = direction == "ingress" ? (1, 0) : (0, 1)
        // The kernel lets pass what is as much again as a packet of the largest size, and counts headers.
        let (bytes, milliseconds) = try transfer(from: from, to: to)
        let allowed = (rate / 8 * (milliseconds + 1) / 1000 + burst / 8 + 65536) * 105 / 100
        #expect(bytes <= allowed, "\(bytes) bytes in \(milliseconds) ms")
        let device = try #require(
            direction == "ingress" ? added[0].interface(1)?["name"]?.string : network.host.ifbNames().first)
        #expect(try counted("qdisc", "show", "dev", device, "root") > bytes)
    }

    @Test func othersAreNotLimited() throws {
        try limit(["ingressRate": 8, "ingressBurst": 8, "egressRate": 8, "egressBurst": 8])
        // At a bit a second nothing of this would ever arrive.
        _ = try transfer(from: 1, to: 2)
        #expect(containers[1].reaches("10.1.2.1"))
        #expect(!containers[0].reaches("10.1.2.1", within: 1))
    }

    /// A bucket that lets nothing pass, for some of the others alone.
    @Test(arguments: ["shapedSubnets", "unshapedSubnets"]) func onlyTheNetworksMeantAreLimited(member: String) throws {
        let networks: JSONValue = [.string("\(address(1))/32"), "10.1.2.1/32", "fd00::/8"]
        try limit([
            "ingressRate": 80_000, "ingressBurst": 8_000_000, "egressRate": 80_000, "egressBurst": 8_000_000,
            member: networks,
        ])
        let port = try #require(added[0].interface(1)?["name"]?.string)
        let ifb = try #require(try network.host.ifbNames().first)
        let named = member == "shapedSubnets" ? "1:30" : "1:1"
        let rest = member == "shapedSubnets" ? "1:1" : "1:30"
        // To and from one that is named, and one that is not: each is counted where it belongs, in both directions.
        for (peer, own, other) in [(1, named, rest), (2, rest, named)] {
            let before = try [port, ifb].map { try (counted($0, own), counted($0, other)) }
            #expect(containers[0].reaches(address(peer)))
            for (device, (ownBefore, otherBefore)) in zip([port, ifb], before) {
                #expect(try counted(device, own) >= ownBefore + 98, "\(device) \(own)")
                // The two tell each other their MAC addresses meanwhile, which is of no network.
                #expect(try counted(device, other) - otherBefore < 98 || other == rest, "\(device) \(other)")
            }
        }
    }

    private func counted(_ device: String, _ class: String) throws -> Int {
        try counted("class", "show", "dev", device, "classid", `class`)
    }
}

extension TestHost {
    /// The names of what traffic is led through.
    func ifbNames() throws -> [String] { try linkNames().filter { $0.hasPrefix("bwp") } }
}
