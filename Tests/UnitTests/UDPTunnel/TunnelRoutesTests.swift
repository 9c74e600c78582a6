import Addressing
import TestSupport
import Testing

@testable import UDPTunnel

struct TunnelRoutesTests {
    private func table(_ entries: [(String, String)]) throws -> TunnelRoutes {
        TunnelRoutes(
            try entries.map { .init(try #require(CIDR($0)), behind: try #require(IPv4Address($1))) })
    }

    private func host(of address: String, in table: TunnelRoutes) throws -> String? {
        table.host(of: try #require(IPv4Address(address)).rawValue).map { "\(IPv4Address(rawValue: $0))" }
    }

    @Test func findsTheHostOfASubnetAndOfNoOther() throws {
        let table = try table([("10.244.2.0/24", "192.168.1.2"), ("10.244.4.0/24", "192.168.1.4")])
        for (address, expected) in [
            ("10.244.2.0", "192.168.1.2"), ("10.244.2.255", "192.168.1.2"), ("10.244.4.7", "192.168.1.4"),
            ("10.244.1.255", nil), ("10.244.3.0", nil), ("10.244.5.0", nil), ("0.0.0.0", nil), ("255.255.255.255", nil),
        ] {
            #expect(try host(of: address, in: table) == expected, "\(address)")
        }
    }

    @Test func theSmallestSubnetCounts() throws {
        let table = try table([
            ("0.0.0.0/0", "9.9.9.9"), ("10.0.0.0/8", "1.0.0.1"), ("10.1.0.0/16", "1.0.0.2"), ("10.1.0.0/24", "1.0.0.3"),
            ("10.1.255.255/32", "1.0.0.4"), ("10.1.0.0/24", "1.0.0.5"), ("255.255.255.255/32", "1.0.0.6"),
        ])
        for (address, expected) in [
            ("9.255.255.255", "9.9.9.9"), ("10.0.0.0", "1.0.0.1"), ("10.1.0.0", "1.0.0.3"), ("10.1.1.0", "1.0.0.2"),
            ("10.1.255.254", "1.0.0.2"), ("10.1.255.255", "1.0.0.4"), ("10.2.0.0", "1.0.0.1"), ("11.0.0.0", "9.9.9.9"),
            ("255.255.255.254", "9.9.9.9"), ("255.255.255.255", "1.0.0.6"),
        ] {
            #expect(try host(of: address, in: table) == expected, "\(address)")
        }
    }

    @Test func anEmptyTableKnowsNobody() throws {
        #expect(try host(of: "10.1.2.3", in: TunnelRoutes()) == nil)
        #expect(try host(of: "10.1.2.3", in: table([("fd00::/16", "1.0.0.1")])) == nil)
    }

    @Test func agreesWithALookAtEverySubnet() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let entries = (0..<Int.random(in: 1...60, using: &generator)).compactMap { number -> TunnelRoutes.Entry? in
                let address = IPAddress.v4(
                    IPv4Address(rawValue: 0x0a00_0000 | .random(in: 0...0xffff, using: &generator)))
                return CIDR(containing: address, prefixLength: .random(in: 16...32, using: &generator)).map {
                    .init($0, behind: IPv4Address(rawValue: UInt32(number + 1)))
                }
            }
            let table = TunnelRoutes(entries)
            for _ in 0..<500 {
                let address: UInt32 = 0x0a00_0000 | .random(in: 0...0x1ffff, using: &generator)
                let matches = entries.filter { $0.subnet.contains(.v4(IPv4Address(rawValue: address))) }
                let longest = matches.map(\.subnet.prefixLength).max()
                let expected = matches.first { $0.subnet.prefixLength == longest }?.host.rawValue
                #expect(table.host(of: address) == expected)
            }
        }
    }
}
