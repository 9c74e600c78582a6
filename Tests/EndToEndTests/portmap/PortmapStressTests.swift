import JSON
import LinuxSystem
import TestSupport
import Testing

/// Many at once, and processes that end in the middle.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct PortmapStressTests {
    var network: PortmapNetwork

    init() throws {
        network = try PortmapNetwork()
    }

    private static func ports(_ number: Int) -> [JSONValue] {
        (0..<4).map { .port(20_000 + number * 4 + $0, to: 80 + $0) }
    }

    @Test(arguments: [[:], ["backend": "iptables"]] as [JSONObject])
    mutating func fiftyContainersAtOnce(more: JSONObject) async throws {
        network.more = more
        network.bridge.ranges = [[["subnet": "10.1.2.0/24"]]]
        let router = try TestRouter(beside: network.host)
        let shared = network
        let containers = try (0..<50).map { number in (number: number, container: try TestContainer()) }
        try await Self.atOnce(containers) { number, container in
            _ = try shared.attach(container, id: "cid\(number)", ports: Self.ports(number))
        }
        for (number, container) in containers {
            for offset in [0, 3] {
                let server = try Conversation.server(
                    .tcp, at: UInt16(80 + offset), for: "0.0.0.0", in: container.namespace)
                let source = try Conversation.source(
                    .tcp, from: router.machine.namespace, to: TestRouter.hostAddresses[0],
                    UInt16(20_000 + number * 4 + offset), with: server)
                #expect(source == TestRouter.addresses[0])
            }
        }
        try await Self.atOnce(containers) { number, container in
            try shared.detach(container, id: "cid\(number)", ports: number.isMultiple(of: 2) ? nil : Self.ports(number))
        }
        let left = try network.host.ruleset()
        #expect(!left.contains("cid") && !left.contains("CNI-DN-") && !left.contains("cni_portmap"), "\(left)")
    }

    private static func atOnce(
        _ containers: [(number: Int, container: TestContainer)],
        _ run: @escaping @Sendable (Int, TestContainer) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, container) in containers {
                group.addTask { try await onThread { try run(number, container) } }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Faults

    private func call(_ fault: String?) throws -> PluginCall {
        let ports: [JSONValue] = [.port(8080, to: 80), .port(53, to: 53, "udp", on: "192.0.2.1")]
        var call = network.call(nil, ports: ports, after: PortmapNetwork.outcome)
        call.namespacePath = "/run/netns/blue"
        if let fault {
            call.launcher = [
                try #require(Executables.find("strace")), "-o", "\(network.host.directory.path)/trace", "-e", fault,
            ]
        }
        return call
    }

    private func isClean() throws -> Bool { try network.host.ruleset().isEmpty }

    /// How the dynamic loader ends a program whose libraries it cannot open; plugins built for release have none.
    private static let loaderFailure: CInt = 127

    @Test(.enabled(if: Executables.find("strace") != nil), arguments: ["sendto", "recvfrom", "socket"])
    func aCallThatFailsLeavesNothing(name: String) throws {
        for number in 1...200 {
            let added = try call("inject=\(name):error=ENOMEM:when=\(number)").run("ADD", on: network.host)
            if added.succeeded {
                #expect(try call(nil).run("CHECK", on: network.host).succeeded)
                #expect(try call(nil).run("DEL", on: network.host).succeeded)
            } else {
                #expect(added.errorCode != nil || added.ending == .exited(Self.loaderFailure), "\(added.output)")
            }
            #expect(try isClean(), "\(name) \(number): \(added.output)")
            if network.host.directory.contents("trace")?.contains("INJECTED") != true { return }
        }
        Issue.record("there are more than 200 calls of \(name)")
    }

    @Test(.enabled(if: Executables.find("strace") != nil), arguments: ["DEL", "GC"])
    func aKilledAddIsMended(verb: String) throws {
        for number in 1...100 {
            let killed = try call("inject=sendto:signal=KILL:when=\(number)").run("ADD", on: network.host)
            var mending = try call(nil)
            if verb == "GC", case .object(var object) = mending.configuration {
                object["cni.dev/valid-attachments"] = []
                mending.configuration = .object(object)
            }
            #expect(try mending.run(verb, on: network.host).succeeded)
            #expect(try isClean(), "\(number)")
            if killed.succeeded { return }
        }
        Issue.record("there are more than 100 calls")
    }

    @Test(.enabled(if: Executables.find("strace") != nil))
    func aKilledDeleteIsMendedByTheNext() throws {
        for number in 1...100 {
            #expect(try call(nil).run("ADD", on: network.host).succeeded)
            let killed = try call("inject=sendto:signal=KILL:when=\(number)").run("DEL", on: network.host)
            #expect(try call(nil).run("DEL", on: network.host).succeeded)
            #expect(try isClean(), "\(number)")
            if killed.succeeded { return }
        }
        Issue.record("there are more than 100 calls")
    }
}
