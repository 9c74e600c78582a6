import LinuxSystem
import TestSupport
import Testing

/// Whatever comes to the daemon by its socket or from the network, it goes on, and the others are served.
@Suite(.enabled(if: Executables.canCreateNamespaces && DHCPServer.areAvailable))
struct DHCPHostileTests {
    let network: DHCPNetwork
    var host: TestHost { network.host }

    init() throws {
        network = try DHCPNetwork()
    }

    /// A connection that stays open.
    private final class Connection {
        private let descriptor: FileDescriptor

        init(_ network: DHCPNetwork) throws {
            let path = network.socketPath
            descriptor = try network.host.namespace.run { () throws(SystemError) in
                try FileDescriptor.connected(toSocketAt: path, timeout: 10)
            }
        }

        /// The daemon may have hung up.
        func say(_ bytes: [UInt8]) { try? descriptor.write(bytes.span) }
    }

    private func expectService(_ daemon: RunningProgram) throws {
        let server = try DHCPServer.dnsmasq.start(on: host)
        let call = network.call(try network.container(), id: "guest")
        let added = try call.run("ADD", on: host)
        #expect(added.addresses.count == 1, "\(added.output)")
        #expect(try call.run("DEL", on: host).succeeded)
        try server.wait(for: DHCPServer.isGivenBack)
        #expect(network.keptLeases.isEmpty)
        #expect(daemon.end() == 0)
    }

    @Test func garbageOnItsSocketHurtsNobodyElse() throws {
        let daemon = try network.startDaemon()
        var generator = SeededGenerator(seed: 11)
        let greeting = Array("CONNECT /_goRPC_ HTTP/1.0\n\n".utf8)
        // Lengths of messages that never come, of negative and of the largest size.
        let lengths: [[UInt8]] = [
            [0xff, 0xff], [0xfc, 0x7f, 0xff, 0xff, 0xff], [0xf8] + Array(repeating: 0xff, count: 8),
        ]
        var connections: [Connection] = []
        for number in 0..<60 {
            let connection = try Connection(network)
            let noise = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                UInt8.random(in: 0 ... .max, using: &generator)
            }
            connection.say((number.isMultiple(of: 2) ? greeting : []) + lengths[number % lengths.count] + noise)
            if number.isMultiple(of: 3) { connections.append(connection) }
        }
        try expectService(daemon)
        #expect(connections.count == 20)
    }

    /// Answers each question with many that begin as an answer does and go on with noise.
    private static let liar = #"""
        $| = 1;
        srand(7);
        socket(S, AF_INET, SOCK_DGRAM, 0) or die "$!";
        setsockopt(S, SOL_SOCKET, SO_BROADCAST, 1) or die "$!";
        setsockopt(S, SOL_SOCKET, 25, "br0\0") or die "$!";
        bind(S, sockaddr_in(67, INADDR_ANY)) or die "$!";
        print "lying\n";
        while (defined recv(S, $question, 2000, 0)) {
            for (1 .. 300) {
                $answer = substr($question, 0, 240) . "\x35\x01" . chr(rand() < 0.5 ? 2 : 5);
                substr($answer, 0, 1) = "\2";
                substr($answer, 16, 4) = inet_aton("10.9.0.66");
                $answer .= join "", map { chr int rand 256 } 1 .. int rand 400;
                $answer = substr($answer, 0, int rand length $answer) if rand() < 0.3;
                send(S, $answer, 0, sockaddr_in(68, INADDR_BROADCAST)) or die "$!";
            }
            print "answered\n";
        }
        """#

    @Test func garbageFromTheNetworkHurtsNobodyElse() throws {
        let daemon = try network.startDaemon("-timeout", "200ms", "-resendmax", "1s", "-resendtimeout=1s")
        let liar = try RunningProgram(["perl", "-MSocket", "-e", Self.liar], in: host.namespace)
        try liar.wait(for: "lying")
        let call = network.call(try network.container())
        let failed = try call.run("ADD", on: host)
        #expect(failed.errorMessage?.contains("no DHCP server offered one in 1 s") == true, "\(failed.output)")
        try liar.wait(for: "answered")
        #expect(liar.end() != 0)
        try expectService(daemon)
    }
}
