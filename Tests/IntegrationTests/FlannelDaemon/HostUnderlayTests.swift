import Addressing
import LinuxSystem
import RouteNetlink
import TestSupport
import Testing

@testable import FlannelDaemon

/// Which interface leads to the other hosts.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct HostUnderlayTests {
    private func host(_ more: String = "") throws -> NetworkNamespace {
        let host = try NetworkNamespace.make()
        try host.shell(
            """
            ip link set lo up
            for n in 0 1; do
                ip link add eth$n type veth peer name wire$n
                ip address add 192.0.2.$((n * 16 + 1))/28 dev eth$n
                ip address add 2001:db8:$n::1/64 dev eth$n nodad
                ip link set eth$n up && ip link set wire$n up
            done
            \(more)
            """)
        return host
    }

    private func find(
        on host: borrowing NetworkNamespace, _ families: [AddressFamily] = [.v4],
        _ change: (inout UnderlayChoice) -> Void
    ) throws -> HostUnderlay {
        var choice = UnderlayChoice()
        change(&choice)
        var socket = try RouteSocket(in: host)
        return try HostUnderlay(choice, families: families, on: &socket)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var choice = UnderlayChoice()
        var name: String
        var address: String

        init(_ testDescription: String, _ name: String, _ address: String, _ change: (inout UnderlayChoice) -> Void) {
            self.testDescription = testDescription
            self.name = name
            self.address = address
            change(&choice)
        }
    }

    static let cases = [
        Case("by name", "eth1", "192.0.2.17") { $0.interfaces = ["none", "eth1", "eth0"] },
        Case("by address", "eth1", "192.0.2.17") { $0.interfaces = ["192.0.2.17"] },
        Case("by an expression for a name", "eth1", "192.0.2.17") { $0.expressions = ["^eth[1-9]$"] },
        Case("by an expression for an address", "eth1", "192.0.2.17") { $0.expressions = [#"\.17$"#] },
        Case("by what it reaches", "eth1", "192.0.2.17") { $0.reachable = "192.0.2.20" },
        Case("by the public address", "eth1", "192.0.2.17") { $0.publicIP = "192.0.2.17" },
        Case("by the default route", "eth0", "192.0.2.1") { _ in },
    ]

    @Test(arguments: cases)
    func isFoundAsTheUserSays(test: Case) throws {
        let host = try host("ip route add default via 192.0.2.2")
        let found = try find(on: host) { $0 = test.choice }
        #expect(found.link.name == test.name)
        #expect(found.local[.v4] == IPAddress(test.address) && found.announced == found.local)
    }

    @Test func behindATranslatorTheSourceIsTheInterfaces() throws {
        let found = try find(on: host()) {
            $0.interfaces = ["eth0"]
            $0.publicIP = "203.0.113.7"
        }
        #expect(found.local[.v4] == IPAddress("192.0.2.1") && found.announced[.v4] == IPAddress("203.0.113.7"))
    }

    @Test func addressesThatStayGoFirst() throws {
        let host = try host(
            """
            ip address flush dev eth0
            ip address add 169.254.1.1/16 dev eth0
            ip address add 192.0.2.3/28 dev eth0 valid_lft 1000 preferred_lft 0
            ip address add 192.0.2.4/28 dev eth0 valid_lft 1000 preferred_lft 1000
            ip address add 198.51.100.1/24 dev eth0
            """)
        #expect(try find(on: host) { $0.interfaces = ["eth0"] }.local[.v4] == IPAddress("198.51.100.1"))
    }

    @Test func bothFamiliesAreFound() throws {
        let found = try find(on: host(), [.v4, .v6]) { $0.interfaces = ["eth1"] }
        #expect(
            found.local == [.v4: try #require(IPAddress("192.0.2.17")), .v6: try #require(IPAddress("2001:db8:1::1"))])
    }

    @Test(arguments: [
        ("there is no default route", UnderlayChoice()),
        (
            "no interface has 203.0.113.7",
            {
                var choice = UnderlayChoice(); choice.publicIP = "203.0.113.7"; return choice
            }()
        ),
        (
            "Failed to find interface to use that matches",
            {
                var choice = UnderlayChoice(); choice.interfaces = ["eth9"]; return choice
            }()
        ),
        (
            "is no regular expression",
            {
                var choice = UnderlayChoice(); choice.expressions = ["("]; return choice
            }()
        ),
        (
            "there is no route to 198.51.100.1",
            {
                var choice = UnderlayChoice(); choice.reachable = "198.51.100.1"; return choice
            }()
        ),
        (
            "lo has no IPv4 address",
            {
                var choice = UnderlayChoice(); choice.interfaces = ["lo"]; return choice
            }()
        ),
    ])
    func saysWhyThereIsNone(cause: String, choice: UnderlayChoice) throws {
        let host = try host()
        let error = try #require(throws: UnderlayError.self) { try find(on: host) { $0 = choice } }
        #expect(error.description.contains(cause), "\(error)")
    }
}
