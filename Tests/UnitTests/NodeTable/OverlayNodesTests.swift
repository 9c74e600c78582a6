import Addressing
import Glibc
import JSON
import TestSupport
import Testing

@testable import NodeTable

/// A configuration for these tests, with members added, replaced or, by null, taken away.
func input(_ more: JSONObject = [:]) -> JSONReader {
    var object: JSONObject = [
        "cniVersion": "1.1.0", "name": "overlay", "type": "vxlan", "network": "10.244.0.0/16",
        "nodes": [
            ["publicIP": "192.168.1.11", "subnet": "10.244.1.0/24", "name": "a"],
            ["publicIP": "192.168.1.12", "subnet": "10.244.2.0/24", "name": "b"],
        ],
    ]
    for member in more.members { object[member.name] = member.value == .null ? nil : member.value }
    return JSONReader(.object(object))
}

struct OverlayNodesTests {
    private func table(_ more: JSONObject = [:]) throws -> OverlayNodes {
        try OverlayNodes(VXLANConfiguration(reading: input(more)))
    }

    private func message(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return "\(error)" }
        return nil
    }

    @Test func readsNodes() throws {
        let nodes = try table().nodes
        #expect(nodes.map(\.title) == ["a (192.168.1.11)", "b (192.168.1.12)"])
        #expect(nodes[1].subnets == [try #require(CIDR("10.244.2.0/24"))])
    }

    @Test func readsNodesFromAFile() throws {
        let files = try TemporaryDirectory()
        let path = try files.write("nodes", #"[{"publicIP": "fd77::1", "subnet": ["10.244.9.0/24"]}]"#)
        let nodes = try table(["nodes": nil, "nodesFile": .string(path)]).nodes
        #expect(nodes.map(\.title) == ["fd77::1"])
    }

    @Test(arguments: ["/dev/zero", "/dev/null", "FIFO"])
    func aTableThatIsNoFileIsRefusedAtOnce(path: String) throws {
        let files = try TemporaryDirectory()
        let fifo = "\(files.path)/fifo"
        try #require(mkfifo(fifo, 0o600) == 0)
        let path = path == "FIFO" ? fifo : path
        let refusal = message { _ = try table(["nodes": nil, "nodesFile": .string(path)]) }
        #expect(refusal == "nodesFile \(path): not a regular file")
    }

    @Test(arguments: ["255.255.255.255", "239.1.1.1", "169.254.1.1", "fe80::1", "127.0.0.1", "0.0.0.0"])
    func refusesAnAddressThatNobodyReaches(address: String) {
        let refusal = message {
            _ = try table(["nodes": [["publicIP": .string(address), "subnet": "10.244.1.0/24"]]])
        }
        #expect(refusal?.contains("expected an address that the other hosts reach") == true)
    }

    @Test func readsTenThousandNodes() throws {
        let files = try TemporaryDirectory()
        let nodes = (0..<10_000).map { number -> JSONValue in
            [
                "publicIP": .string("172.16.\(number >> 8).\(number & 255)"),
                "subnet": .string("10.\(number >> 8).\(number & 255).0/24"),
            ]
        }
        let path = try files.write("nodes", "\(JSONValue.array(nodes))")
        let found = try table(["network": "10.0.0.0/8", "nodes": nil, "nodesFile": .string(path)]).nodes
        #expect(found.count == 10_000)
    }

    @Test func derivesAddressesThatEveryHostFindsAlike() throws {
        let nodes = try table().nodes
        // The same in every version: hosts are not upgraded all at once.
        #expect(nodes[0].mac == MACAddress("0a:13:88:02:3f:52"))
        #expect(nodes[1].mac == MACAddress("9a:3a:f5:7c:22:04"))
        #expect(nodes.allSatisfy { $0.mac.isLocallyAdministered && !$0.mac.isMulticast })
        #expect(try table(["vni": 2]).nodes[0].mac != nodes[0].mac)
        let given: JSONValue = [
            ["publicIP": "192.168.1.11", "subnet": "10.244.1.0/24", "vtepMAC": "0A:00:00:00:00:01"]
        ]
        #expect(try table(["nodes": given]).nodes[0].mac == MACAddress("0a:00:00:00:00:01"))
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let second: JSONObject
        let message: String
        var more: JSONObject = [:]
        var testDescription: String { message }
    }

    static let refusals = [
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": "10.244.1.128/25"],
            message: "nodes[1]: 10.244.1.128/25 overlaps 10.244.1.0/24 of 192.168.1.11"),
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": "10.245.1.0/24"],
            message: "nodes[1].subnet: 10.245.1.0/24 is not in network 10.244.0.0/16"),
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": "10.0.0.0/8"],
            message: "nodes[1].subnet: 10.0.0.0/8 is not in network 10.244.0.0/16"),
        Refusal(
            second: ["publicIP": "192.168.1.11", "subnet": "10.244.2.0/24"],
            message: "nodes[1]: publicIP: 192.168.1.11 is that of 192.168.1.11 already"),
        Refusal(
            second: ["publicIP": "fd77::12", "subnet": "10.244.2.0/24"],
            message:
                "nodes[1]: publicIP: fd77::12 is IPv6, and that of 192.168.1.11 is IPv4; one underlay has one family"),
        Refusal(
            second: ["publicIP": "10.244.7.1", "subnet": "10.244.2.0/24"],
            message:
                "nodes[1].publicIP: expected an address that the other hosts reach, outside network 10.244.0.0/16, "
                + "got 10.244.7.1"),
        Refusal(
            second: ["publicIP": "127.0.0.1", "subnet": "10.244.2.0/24"],
            message:
                "nodes[1].publicIP: expected an address that the other hosts reach, outside network 10.244.0.0/16, "
                + "got 127.0.0.1"),
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": "10.244.2.0/31"],
            message: "nodes[1].subnet: 10.244.2.0/31 has no room for a gateway and a container"),
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": ["10.244.2.0/24", "10.244.3.0/24"]],
            message: "nodes[1].subnet: expected no more than one of IPv4"),
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": []], message: "nodes[1].subnet: expected a network"),
        Refusal(second: ["publicIP": "192.168.1.12"], message: "nodes[1].subnet: missing"),
        Refusal(second: ["subnet": "10.244.2.0/24"], message: "nodes[1].publicIP: missing"),
        Refusal(
            second: ["publicIP": "192.168.1", "subnet": "10.244.2.0/24"],
            message: #"nodes[1].publicIP: expected an IP address such as 10.1.0.1, got "192.168.1""#),
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": "10.244.2.0/24", "vtepMAC": "01:00:00:00:00:01"],
            message: "nodes[1].vtepMAC: expected the address of one interface, got 01:00:00:00:00:01"),
        Refusal(
            second: ["publicIP": "192.168.1.12", "subnet": "10.244.2.0/24", "vtepMAC": "0a:13:88:02:3f:52"],
            message: "nodes[1]: vtepMAC: 0a:13:88:02:3f:52 is that of 192.168.1.11 already"),
        Refusal(
            second: ["publicIP": "192.168.1.12", "range": "10.244.0.9-10.244.0.20"],
            message: "nodes[1]: 10.244.0.9-10.244.0.20 overlaps 10.244.0.2-10.244.0.9 of 192.168.1.11",
            more: ["mode": "segment"]),
        Refusal(
            second: ["publicIP": "192.168.1.12", "range": "10.244.0.20-10.244.0.10"],
            message: #"nodes[1].range: expected a range such as 10.244.0.10-10.244.0.99, "#
                + #"got "10.244.0.20-10.244.0.10""#,
            more: ["mode": "segment"]),
        Refusal(
            second: ["publicIP": "192.168.1.12", "range": "10.244.255.0-10.245.0.10"],
            message: "nodes[1].range: 10.244.255.0-10.245.0.10 is not in network 10.244.0.0/16",
            more: ["mode": "segment"]),
    ]

    @Test(arguments: refusals)
    func refusesATableThatCannotBe(refusal: Refusal) {
        let first: JSONObject = [
            "publicIP": "192.168.1.11", "subnet": "10.244.1.0/24", "range": "10.244.0.2-10.244.0.9",
        ]
        var more = refusal.more
        more["nodes"] = [.object(first), .object(refusal.second)]
        #expect(message { _ = try table(more) } == refusal.message)
    }

    static let brokenFiles = [
        ("", "unexpected end"), ("[{\"publicIP\": \"192.168", "end"), ("{}", "expected an array"),
        ("[]", "no node at all"),
        ("[1]", "[0]: expected an object"), ("[{}]", "[0].publicIP: missing"),
    ]

    @Test(arguments: brokenFiles)
    func namesTheFileThatWillNotDo(contents: String, cause: String) throws {
        let files = try TemporaryDirectory()
        let path = try files.write("nodes", contents)
        let message = try #require(message { _ = try table(["nodes": nil, "nodesFile": .string(path)]) })
        #expect(message.hasPrefix("nodesFile \(path): "))
        #expect(message.contains(cause), "\(message)")
    }

    @Test func namesTheFileThatIsMissing() {
        #expect(
            message { _ = try table(["nodes": nil, "nodesFile": "/nowhere"]) }
                == "nodesFile /nowhere: No such file or directory")
        #expect(
            message { _ = try table(["nodes": nil, "nodesFile": "/dev/zero"]) }
                == "nodesFile /dev/zero: not a regular file")
    }

    @Test func findsItsOwnNode() throws {
        let table = try table()
        func own(_ name: String?, _ addresses: String...) throws -> String {
            try table.ownNode(named: name, addresses: addresses.compactMap { IPAddress($0) }).title
        }
        #expect(try own(nil, "127.0.0.1", "192.168.1.12") == "b (192.168.1.12)")
        #expect(try own("a", "192.168.1.12") == "a (192.168.1.11)")
        #expect(try own("192.168.1.11", "10.0.0.1") == "a (192.168.1.11)")
        #expect(
            message { _ = try own(nil, "127.0.0.1", "10.0.0.7") }
                == "nodes: no entry is this host's: the table has a (192.168.1.11), b (192.168.1.12), this host has "
                + "10.0.0.7; add it, or set \"node\"")
        #expect(
            message { _ = try own(nil, "192.168.1.11", "192.168.1.12") }
                == "nodes: this host has the addresses of a (192.168.1.11) and b (192.168.1.12); set \"node\" to the one "
                + "that it is")
        #expect(
            message { _ = try own("c") }
                == "node: \"c\" is not in the table, which has a (192.168.1.11), b (192.168.1.12)")
    }
}
