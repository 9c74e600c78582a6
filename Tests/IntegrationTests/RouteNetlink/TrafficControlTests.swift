import Addressing
import LinuxSystem
import Netlink
import TestSupport
import Testing

@testable import RouteNetlink

/// What is written through the socket is read back by `tc`, and the other way round; the bytes are those of tc(8)'s headers.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct TrafficControlTests {
    let host: TestHost
    let index = InterfaceIndex(rawValue: 7)

    init() throws {
        host = try TestHost()
        try host.run("ip", "link", "add", "veth7", "index", "7", "up", "type", "veth", "peer", "name", "veth8")
    }

    private func words(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            line.split(whereSeparator: \.isWhitespace).filter { $0 != "not_in_hw" }.joined(separator: " ")
        }
    }

    @Test func encodesATokenBucket() {
        let bucket = TokenBucket(rate: 1_000_000, burst: 10_000)
        let qdisc = Qdisc(.tokenBucket(bucket, limit: 35_000), on: index, handle: TrafficHandle(1))
        // struct nlmsghdr: length, RTM_NEWQDISC, REQUEST|CREATE|EXCL, sequence, port.
        let header = "58000000 2400 0106 00000000 00000000"
        // struct tcmsg: family, index, handle 1:, TC_H_ROOT, info.
        let fixed = "00000000 07000000 00000100 ffffffff 00000000"
        let kind = "0800 0100 74626600"
        // struct tc_tbf_qopt: rate for Ethernet, peak rate, limit, buffer of 10 ms in 64 ns, mtu.
        let parameters = "2800 0180 0001 0000 0000 0000 40420f00 000000000000000000000000 b8880000 5a620200 00000000"
        let options = "2c00 0280" + parameters
        #expect(NetlinkRequest.add(qdisc, "veth7").message.bytes == hex(header, fixed, kind, options))
    }

    @Test func limitsAreAsTcShowsThem() throws {
        var socket = try RouteSocket(in: host.namespace)
        #expect(try socket.qdisc(at: .root, of: index) == nil)
        for (rate, burst) in [(1_000_000, 10_000), (1, 1), (12_500_000_000, 4_000_000_000), (333, 65_536)] {
            let bucket = TokenBucket(rate: UInt64(rate), burst: UInt32(burst))
            let limit = bucket.limit(milliseconds: 25)
            let qdisc = Qdisc(.tokenBucket(bucket, limit: limit), on: index, handle: TrafficHandle(1))
            try socket.perform(.add(qdisc, "veth7"))
            let shown = try host.json("tc", ["-j", "qdisc", "show", "dev", "veth7"]).array?.first?.object
            #expect(shown?["kind"] == "tbf" && shown?["handle"] == "1:" && shown?["root"] == true)
            #expect(shown?["options"]?.object?["rate"]?.number?.integer(as: Int.self) == rate)
            let present = try #require(try socket.qdisc(at: .root, of: index))
            guard case .tokenBucket(let told, limit) = present.kind else {
                Issue.record("\(present)")
                continue
            }
            #expect(bucket.isTold(by: told))
            #expect(!TokenBucket(rate: UInt64(rate), burst: UInt32(burst) / 2).isTold(by: told) || burst == 1)
            #expect(!TokenBucket(rate: UInt64(rate) + 1, burst: UInt32(burst)).isTold(by: told))
            let link = try #require(try socket.link(named: "veth7"))
            for _ in 1...2 { try socket.deleteQdisc(TrafficHandle(1), at: .root, of: link) }
            #expect(try socket.qdisc(at: .root, of: index) == nil)
        }
    }

    @Test func limitsOfTcAreRead() throws {
        var socket = try RouteSocket(in: host.namespace)
        try host.shell("tc qdisc add dev veth7 root handle 5: tbf rate 8mbit burst 10000 limit 35000")
        let present = try #require(try socket.qdisc(at: .root, of: index))
        #expect(present.handle == TrafficHandle(5) && present.device == index)
        guard case .tokenBucket(let told, 35_000) = present.kind else {
            Issue.record("\(present)")
            return
        }
        #expect(TokenBucket(rate: 1_000_000, burst: 10_000).isTold(by: told))
        try host.run("tc", "qdisc", "replace", "dev", "veth7", "root", "handle", "6:", "pfifo")
        #expect(try socket.qdisc(at: .root, of: index)?.kind == .other("pfifo"))
    }

    @Test func classesAndFiltersAreAsTcShowsThem() throws {
        var socket = try RouteSocket(in: host.namespace)
        let bucket = TokenBucket(rate: 1_000_000, burst: 10_000)
        try socket.perform([
            .add(Qdisc(.classes(byDefault: 1), on: index, handle: TrafficHandle(1)), "veth7"),
            .add(TrafficClass(TrafficHandle(1, 0x30), on: index, bucket), "veth7"),
            .add(
                Qdisc(.bytes(limit: 35_000), on: index, handle: TrafficHandle(2), parent: TrafficHandle(1, 0x30)),
                "veth7"),
        ])
        let networks = ["10.1.2.0/24", "0.0.0.0/0", "192.0.2.1/32", "fd00:1::/70", "::/0", "2001:db8::1/128"]
            .compactMap { CIDR($0) }
        let flows: [(TrafficFilter.Selection.Side, TrafficHandle)] = [
            (.source, TrafficHandle(1, 0x30)), (.destination, TrafficHandle(1, 1)),
        ]
        for (side, flow) in flows {
            try socket.perform(
                networks.map { network in
                    .add(
                        TrafficFilter(
                            .init(side, in: network), on: index, parent: TrafficHandle(1),
                            priority: network.family == .v4 ? 16 : 15, to: flow), "veth7")
                })
        }
        #expect(
            words(try host.run("tc", "class", "show", "dev", "veth7"))
                == ["class htb 1:30 root leaf 2: prio 0 rate 8Mbit ceil 8Mbit burst 10000b cburst 10000b"])
        #expect(try host.run("tc", "qdisc", "show", "dev", "veth7").contains("qdisc bfifo 2: parent 1:30 limit 35000b"))
        let shown = words(try host.run("tc", "filter", "show", "dev", "veth7"))
        let matches = shown.filter { $0.hasPrefix("match") || $0.contains("flowid") }
            .map { $0.replacing(/.*flowid/, with: "flowid") }
        #expect(
            matches == [
                "flowid 1:30", "match fd000001/ffffffff at 8", "match 00000000/ffffffff at 12",
                "match 00000000/fc000000 at 16", "flowid 1:30", "match 00000000/00000000 at 0", "flowid 1:30",
                "match 20010db8/ffffffff at 8", "match 00000000/ffffffff at 12", "match 00000000/ffffffff at 16",
                "match 00000001/ffffffff at 20", "flowid 1:1", "match fd000001/ffffffff at 24",
                "match 00000000/ffffffff at 28", "match 00000000/fc000000 at 32", "flowid 1:1",
                "match 00000000/00000000 at 0", "flowid 1:1", "match 20010db8/ffffffff at 24",
                "match 00000000/ffffffff at 28", "match 00000000/ffffffff at 32", "match 00000001/ffffffff at 36",
                "flowid 1:30", "match 0a010200/ffffff00 at 12", "flowid 1:30", "match 00000000/00000000 at 0",
                "flowid 1:30", "match c0000201/ffffffff at 12", "flowid 1:1", "match 0a010200/ffffff00 at 16",
                "flowid 1:1", "match 00000000/00000000 at 0", "flowid 1:1", "match c0000201/ffffffff at 16",
            ])
        #expect(try socket.qdisc(at: .root, of: index)?.kind == .classes(byDefault: 1))
        let classes = try socket.classes(of: index)
        #expect(classes.map(\.handle) == [TrafficHandle(1, 0x30)])
        #expect(classes.allSatisfy { bucket.isTold(by: $0.bucket) })
        let present = try socket.filters(of: index, at: TrafficHandle(1))
        #expect(present.count == 2 * networks.count)
        for network in networks {
            let filter = present.first {
                $0.selection == .init(.destination, in: network) && $0.flow == TrafficHandle(1, 1)
            }
            #expect(filter != nil && filter?.redirection == nil, "\(network)")
        }
    }

    @Test func redirectionsAreAsTcShowsThem() throws {
        var socket = try RouteSocket(in: host.namespace)
        try socket.perform(.create(NewLink(name: "ifb7"), IFBOptions()))
        let other = try #require(try socket.link(named: "ifb7"))
        #expect(other.kind == .other("ifb"))
        let ingress = TrafficHandle(0xffff)
        try socket.perform([
            .add(Qdisc(.ingress, on: index, handle: ingress, parent: .ingress), "veth7"),
            .add(
                TrafficFilter(
                    .all, on: index, parent: ingress, priority: 1, to: TrafficHandle(1, 1), redirectedTo: other.index),
                "veth7"),
        ])
        let shown = try host.run("tc", "filter", "show", "dev", "veth7", "parent", "ffff:")
        #expect(shown.contains("filter protocol all pref 1 u32"))
        #expect(shown.contains("mirred (Egress Redirect to device ifb7) stolen"))
        #expect(try socket.qdisc(at: .ingress, of: index)?.kind == .ingress)
        #expect(try socket.filters(of: index, at: ingress).map(\.redirection) == [other.index])
        let link = try #require(try socket.link(named: "veth7"))
        try socket.deleteQdisc(ingress, at: .ingress, of: link)
        #expect(try socket.qdisc(at: .ingress, of: index) == nil)
        #expect(try socket.filters(of: index, at: ingress).isEmpty)
    }

    /// The kernel says nothing at all of some of its own qdiscs.
    @Test func doesNotWaitForWhatIsNotTold() throws {
        try host.shell("ip link add veth5 index 5 type veth peer name veth6; tc qdisc add dev veth5 ingress")
        try host.shell("tc qdisc del dev veth5 ingress")
        var socket = try RouteSocket(in: host.namespace)
        for parent in [TrafficHandle.root, .ingress] {
            #expect(try socket.qdisc(at: parent, of: InterfaceIndex(rawValue: 5)) == nil)
        }
    }

    @Test func saysWhichIsInTheWay() throws {
        try host.shell("tc qdisc add dev veth7 root handle 1: tbf rate 8mbit burst 10000 limit 35000")
        let qdisc = Qdisc(.classes(byDefault: 1), on: index, handle: TrafficHandle(1))
        let error = #expect(throws: SystemError.self) {
            var socket = try RouteSocket(in: host.namespace)
            try socket.perform(.add(qdisc, "veth7"))
        }
        #expect(error?.operation == "add qdisc" && error?.subject == "htb to veth7" && error?.code == .exists)
        #expect("\(TrafficHandle(1)) \(TrafficHandle(1, 0x30)) \(TrafficHandle(0xffff))" == "1: 1:30 ffff:")
    }
}
