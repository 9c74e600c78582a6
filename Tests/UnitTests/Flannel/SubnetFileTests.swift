import Addressing
import TestSupport
import Testing

@testable import Flannel

struct SubnetFileTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var lines: [String]
        var networks = ["10.244.0.0/16"]
        var subnets = ["10.244.5.0/24"]
        var mtu: UInt32 = 1450
        var daemonMasquerades = true
    }

    static let complete = [
        "FLANNEL_NETWORK=10.244.0.0/16", "FLANNEL_SUBNET=10.244.5.1/24", "FLANNEL_MTU=1450", "FLANNEL_IPMASQ=true",
    ]

    static let cases = [
        Case(testDescription: "as the daemon writes it", lines: complete),
        Case(testDescription: "in another order", lines: complete.reversed()),
        Case(testDescription: "with line ends of another system", lines: complete.map { $0 + "\r" }),
        Case(
            testDescription: "IPv6 alone",
            lines: [
                "FLANNEL_IPV6_NETWORK=fc00::/48", "FLANNEL_IPV6_SUBNET=fc00::1/64", "FLANNEL_MTU=1430",
                "FLANNEL_IPMASQ=false",
            ], networks: ["fc00::/48"], subnets: ["fc00::/64"], mtu: 1430, daemonMasquerades: false),
        Case(
            testDescription: "both families, IPv4 first",
            lines: ["FLANNEL_IPV6_NETWORK=fc00::/48", "FLANNEL_IPV6_SUBNET=fc00::1/64"] + complete,
            networks: ["10.244.0.0/16", "fc00::/48"], subnets: ["10.244.5.0/24", "fc00::/64"]),
        Case(
            testDescription: "the network of one family with the subnet of the other",
            lines: complete + ["FLANNEL_IPV6_SUBNET=fc00::1/64"], subnets: ["10.244.5.0/24", "fc00::/64"]),
        Case(
            testDescription: "several networks, each once, in their order, without host bits",
            lines: complete + [
                "FLANNEL_NETWORK=10.3.0.0/16,10.1.2.3/16,10.3.0.0/16,10.1.0.0/16,10.1.0.0/24"
            ], networks: ["10.3.0.0/16", "10.1.0.0/16", "10.1.0.0/24"]),
        Case(
            testDescription: "later lines replace earlier ones",
            lines: complete + ["FLANNEL_SUBNET=10.244.9.1/24", "FLANNEL_MTU=0", "FLANNEL_IPMASQ=no"],
            subnets: ["10.244.9.0/24"], mtu: 0, daemonMasquerades: false),
        Case(
            testDescription: "anything but true is false", lines: complete + ["FLANNEL_IPMASQ=TRUE"],
            daemonMasquerades: false),
        Case(
            testDescription: "true with a blank is false", lines: complete + ["FLANNEL_IPMASQ=true "],
            daemonMasquerades: false),
        Case(
            testDescription: "an empty value of FLANNEL_IPMASQ is false", lines: complete + ["FLANNEL_IPMASQ="],
            daemonMasquerades: false),
        Case(
            testDescription: "other lines are ignored",
            lines: [
                "", "# comment", "=", "=x", "export FLANNEL_MTU=x", " FLANNEL_MTU=x", "FLANNEL_MTU =x",
                "flannel_mtu=x", "FLANNEL_OTHER=x", "FLANNEL_OTHER", "no sign\u{0}",
            ] + complete),
        Case(testDescription: "the largest MTU", lines: complete + ["FLANNEL_MTU=4294967295"], mtu: .max),
    ]

    @Test(arguments: cases)
    func reads(test: Case) throws {
        let file = try parsed(test.lines)
        #expect(file.networks.map(\.description) == test.networks)
        #expect(file.subnets.map(\.description) == test.subnets)
        #expect(file.mtu == test.mtu)
        #expect(file.daemonMasquerades == test.daemonMasquerades)
    }

    @Test(arguments: [
        ("FLANNEL_MTU", "FLANNEL_MTU: expected = and a value"),
        ("FLANNEL_NETWORK", "FLANNEL_NETWORK: expected = and a value"),
        ("FLANNEL_IPMASQ", "FLANNEL_IPMASQ: expected = and a value"),
        ("FLANNEL_NETWORK=", "FLANNEL_NETWORK: invalid CIDR address: "),
        ("FLANNEL_NETWORK=10.1.0.0/16,", "FLANNEL_NETWORK: invalid CIDR address: "),
        ("FLANNEL_NETWORK=10.1.0.0/16, 10.2.0.0/16", "FLANNEL_NETWORK: invalid CIDR address:  10.2.0.0/16"),
        ("FLANNEL_NETWORK=\"10.1.0.0/16\"", "FLANNEL_NETWORK: invalid CIDR address: \"10.1.0.0/16\""),
        ("FLANNEL_SUBNET=10.1.2.1", "FLANNEL_SUBNET: invalid CIDR address: 10.1.2.1"),
        ("FLANNEL_SUBNET=10.1.2.1/33", "FLANNEL_SUBNET: invalid CIDR address: 10.1.2.1/33"),
        ("FLANNEL_SUBNET=10.1.300.1/24", "FLANNEL_SUBNET: invalid CIDR address: 10.1.300.1/24"),
        ("FLANNEL_SUBNET=10.1.2.1/24 ", "FLANNEL_SUBNET: invalid CIDR address: 10.1.2.1/24 "),
        ("FLANNEL_SUBNET=10.1.2.1/24,10.1.3.1/24", "FLANNEL_SUBNET: invalid CIDR address: 10.1.2.1/24,10.1.3.1/24"),
        ("FLANNEL_IPV6_SUBNET=fc00::1/129", "FLANNEL_IPV6_SUBNET: invalid CIDR address: fc00::1/129"),
        ("FLANNEL_IPV6_NETWORK=fc00::g/64", "FLANNEL_IPV6_NETWORK: invalid CIDR address: fc00::g/64"),
        ("FLANNEL_MTU=", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"\""),
        ("FLANNEL_MTU=-1", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"-1\""),
        ("FLANNEL_MTU=+1", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"+1\""),
        ("FLANNEL_MTU=1450 ", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"1450 \""),
        ("FLANNEL_MTU=1_450", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"1_450\""),
        ("FLANNEL_MTU=4294967296", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"4294967296\""),
        ("FLANNEL_MTU=0x5aa", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"0x5aa\""),
        ("FLANNEL_MTU==1", "FLANNEL_MTU: expected a number of bytes such as 1450, got \"=1\""),
    ])
    func namesLineAndKeyOfWhatIsMalformed(line: String, cause: String) {
        // Wherever it stands: a later line does not make it good.
        for lines in [[line] + Self.complete, Self.complete + [line]] {
            let error = #expect(throws: SubnetFileError.self) { try parsed(lines) }
            let number = lines.first == line ? 1 : 5
            #expect(error?.description == "/run/x line \(number): \(cause)")
        }
    }

    @Test(arguments: [
        ([0, 1, 2], "FLANNEL_IPMASQ"),
        ([0, 1, 3], "FLANNEL_MTU"),
        ([0, 2, 3], "FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET"),
        ([1, 2, 3], "FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK"),
        (
            [],
            "FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET, FLANNEL_MTU, FLANNEL_IPMASQ"
        ),
    ])
    func namesWhatIsMissing(present: [Int], missing: String) {
        let error = #expect(throws: SubnetFileError.self) { try parsed(present.map { Self.complete[$0] }) }
        #expect(error?.description == "/run/x is missing \(missing)")
    }

    @Test func anyBytesGiveAFileOrAnError() throws {
        var random = SeededGenerator(seed: 7)
        let whole = Array(Self.complete.joined(separator: "\n").utf8)
        for length in whole.indices {
            _ = try? SubnetFile(parsing: Array(whole[..<length]), path: "")
            var changed = whole
            changed[length] = .random(in: 0 ... .max, using: &random)
            _ = try? SubnetFile(parsing: changed, path: "")
        }
        // Cut off anywhere before its last value, it is never taken for whole.
        let end = whole.count - "true".utf8.count - 1
        for length in 0..<end {
            #expect(throws: SubnetFileError.self) { try SubnetFile(parsing: Array(whole[..<length]), path: "") }
        }
    }

    @Test func saysWhatTheKernelRefused() throws {
        let folder = try TemporaryDirectory()
        let missing = #expect(throws: SubnetFileError.self) { try SubnetFile(path: "\(folder.path)/none") }
        #expect(missing?.description == "open \(folder.path)/none: no such file or directory")
        let directory = #expect(throws: SubnetFileError.self) { try SubnetFile(path: folder.path) }
        #expect(directory?.description == "read \(folder.path): is a directory")
        try folder.makePipe("pipe")
        let pipe = #expect(throws: SubnetFileError.self) { try SubnetFile(path: "\(folder.path)/pipe") }
        #expect(pipe?.description == "read \(folder.path)/pipe: not a regular file")
        let path = try folder.write("subnet.env", Self.complete.joined(separator: "\n"))
        #expect(try SubnetFile(path: path).mtu == 1450)
    }

    private func parsed(_ lines: [String]) throws -> SubnetFile {
        try SubnetFile(parsing: Array((lines.joined(separator: "\n") + "\n").utf8), path: "/run/x")
    }
}
