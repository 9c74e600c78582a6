import Addressing
import Conntrack
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct ConntrackSocketTests {
    private let host: TestHost

    init() throws {
        host = try TestHost()
        // The kernel tracks where a rule asks for it; this one counts what begins.
        try host.namespace.output(
            of: "nft", ["-f", "-"],
            input: """
                table inet seen {
                    chain in {
                        type filter hook input priority 0
                        ct state new th dport 7000-7999 counter
                    }
                    chain redirected {
                        type nat hook output priority -100
                        udp dport 7100 redirect to :7001
                    }
                }

                """)
    }

    /// How many packets have begun a connection.
    private func begun() throws -> Int {
        let counted = try #require(host.ruleset().firstMatch(of: /counter packets (\d+)/))
        return try #require(Int(counted.1))
    }

    private func open(_ kind: TestSocket.Kind, to address: String, _ port: UInt16) throws -> TestSocket {
        let socket = try TestSocket(kind, for: address, in: host.namespace)
        try socket.connect(to: address, port)
        return socket
    }

    private func server(_ kind: TestSocket.Kind, on address: String, _ port: UInt16) throws -> TestSocket {
        let socket = try TestSocket(kind, for: address, in: host.namespace)
        try socket.bind(address, port)
        if kind == .tcp { try socket.listen() }
        return socket
    }

    @Test(arguments: ["127.0.0.1", "::1"], [TestSocket.Kind.tcp, .udp])
    func findsWhatWasBegunToAPort(address: String, kind: TestSocket.Kind) throws {
        let own = try #require(IPAddress(address))
        let transport = kind == .tcp ? TransportProtocol.tcp : .udp
        let servers = try [UInt16(7001), 7002, 7003].map { try server(kind, on: address, $0) }
        let clients = try [UInt16(7001), 7002, 7003].map { try open(kind, to: address, $0) }
        for client in clients { try client.send("question") }

        var socket = try ConntrackSocket(in: host.namespace)
        let found = try socket.connections(own.family, transport, toPorts: [7002])
        #expect(found.count == 1)
        let connection = try #require(found.first)
        #expect(connection.transport == transport)
        #expect(connection.original.destination == own && connection.original.source == own)
        #expect(connection.original.destinationPort == 7002)
        #expect(connection.reply.source == own && connection.reply.sourcePort == 7002)
        #expect(connection.reply.destinationPort == connection.original.sourcePort)

        let several = try socket.connections(own.family, transport, toPorts: [7001, 7003, 7004])
        #expect(several.map(\.original.destinationPort).sorted() == [7001, 7003])
        #expect(try socket.connections(own.family, transport == .tcp ? .udp : .tcp, toPorts: [7002]) == [])
        #expect(try socket.connections(own.family == .v4 ? .v6 : .v4, transport, toPorts: [7002]) == [])
        #expect(try socket.connections(own.family, transport, toPorts: []) == [])
        withExtendedLifetime(servers) {}
    }

    @Test func answersComeFromWhereTheDestinationWasChangedTo() throws {
        let server = try server(.udp, on: "127.0.0.1", 7001)
        let client = try open(.udp, to: "127.0.0.1", 7100)
        try client.send("question")
        _ = try server.answer("answer")
        var socket = try ConntrackSocket(in: host.namespace)
        let connection = try #require(try socket.connections(.v4, .udp, toPorts: [7100]).first)
        #expect(connection.reply.sourcePort == 7001)
        #expect(try socket.connections(.v4, .udp, toPorts: [7001]) == [])
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func whatIsDeletedBeginsAnew(address: String) throws {
        let family = try #require(IPAddress(address)).family
        let servers = try [UInt16(7001), 7002].map { try server(.udp, on: address, $0) }
        let clients = try [UInt16(7001), 7002].map { try open(.udp, to: address, $0) }
        func talk() throws {
            for (client, server) in zip(clients, servers) {
                try client.send("question")
                _ = try server.answer("answer")
                #expect(try client.receive() == "answer")
            }
        }
        try talk()
        try talk()
        #expect(try begun() == 2)

        var socket = try ConntrackSocket(in: host.namespace)
        let found = try socket.connections(family, .udp, toPorts: [7001])
        try socket.delete(found)
        #expect(try socket.connections(family, .udp, toPorts: [7001]) == [])
        try talk()
        #expect(try begun() == 3)
    }

    @Test func whatIsGoneIsNoErrorAndKeepsNothingElse() throws {
        let servers = try [UInt16(7001), 7002].map { try server(.udp, on: "127.0.0.1", $0) }
        for port in [UInt16(7001), 7002] { try open(.udp, to: "127.0.0.1", port).send("question") }
        var socket = try ConntrackSocket(in: host.namespace)
        let gone = try socket.connections(.v4, .udp, toPorts: [7001])
        try socket.delete(gone)
        try socket.delete(gone + socket.connections(.v4, .udp, toPorts: [7002]))
        #expect(try socket.connections(.v4, .udp, toPorts: [7001, 7002]) == [])
        try socket.delete([])
        withExtendedLifetime(servers) {}
    }
}
