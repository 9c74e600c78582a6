import Addressing
import Foundation
import SocketDiagnosis
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct SocketTableTests {
    private let host: TestHost

    init() throws {
        host = try TestHost()
    }

    private func socket(
        _ kind: TestSocket.Kind, on address: String, _ port: UInt16, isIPv6Only: Bool = false
    ) throws -> TestSocket {
        let socket = try TestSocket(kind, for: address, in: host.namespace)
        if isIPv6Only {
            var isOn: CInt = 1
            setsockopt(socket.rawValue, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &isOn, socklen_t(MemoryLayout<CInt>.size))
        }
        try socket.bind(address, port)
        if kind == .tcp { try socket.listen() }
        return socket
    }

    @Test(arguments: ["127.0.0.1", "0.0.0.0", "::1", "::"], [TestSocket.Kind.tcp, .udp])
    func findsWhoWaitsAtAPort(address: String, kind: TestSocket.Kind) throws {
        let own = try #require(IPAddress(address))
        let transport = kind == .tcp ? TransportProtocol.tcp : .udp
        let sockets = try [UInt16(7001), 7002].map { try socket(kind, on: address, $0) }
        var table = try SocketTable(in: host.namespace)
        let found = try table.waiting(transport, own.family, port: 7001)
        #expect(found.map(\.address) == [own])
        #expect(found.map(\.port) == [7001])
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(sockets[0].rawValue)")
        #expect(found.map { "socket:[\($0.inode)]" } == [link])

        #expect(try table.waiting(transport, own.family).map(\.port).sorted() == [7001, 7002])
        #expect(try table.waiting(transport == .tcp ? .udp : .tcp, own.family) == [])
        #expect(try table.waiting(transport, own.family == .v4 ? .v6 : .v4) == [])
    }

    @Test(arguments: [TestSocket.Kind.tcp, .udp])
    func whoTalksToOneAloneDoesNotWait(kind: TestSocket.Kind) throws {
        let server = try socket(kind, on: "127.0.0.1", 7001)
        let client = try TestSocket(kind, for: "127.0.0.1", in: host.namespace)
        try client.bind("127.0.0.1", 7002)
        try client.connect(to: "127.0.0.1", 7001)
        var table = try SocketTable(in: host.namespace)
        #expect(try table.waiting(kind == .tcp ? .tcp : .udp, .v4).map(\.port) == [7001])
        withExtendedLifetime(server) {}
    }

    @Test func aProtocolThatTheKernelLacksHasNoSockets() throws {
        var table = try SocketTable(in: host.namespace)
        #expect(try table.waiting(.sctp, .v4) == [])
    }

    struct Case: Sendable {
        var bound: String
        var isIPv6Only = false
        /// What comes to which of these it takes.
        var takes: [String]
    }

    @Test(arguments: [
        Case(bound: "0.0.0.0", takes: ["0.0.0.0", "127.0.0.1", "192.0.2.1"]),
        Case(bound: "127.0.0.1", takes: ["0.0.0.0", "127.0.0.1"]),
        Case(bound: "::", takes: ["0.0.0.0", "127.0.0.1", "192.0.2.1", "::", "::1"]),
        Case(bound: "::", isIPv6Only: true, takes: ["::", "::1"]),
        Case(bound: "::1", takes: ["::", "::1"]),
        Case(bound: "::ffff:127.0.0.1", takes: ["0.0.0.0", "127.0.0.1"]),
    ])
    func takesWhatItIsBoundTo(test: Case) throws {
        let held = try socket(.tcp, on: test.bound, 7001, isIPv6Only: test.isIPv6Only)
        var table = try SocketTable(in: host.namespace)
        let found = try #require(
            try table.waiting(.tcp, test.bound.contains(":") ? .v6 : .v4, port: 7001).first)
        for text in ["0.0.0.0", "127.0.0.1", "192.0.2.1", "::", "::1"] {
            let address = try #require(IPAddress(text))
            #expect(found.takes(address) == test.takes.contains(text), "\(text)")
        }
        withExtendedLifetime(held) {}
    }
}
