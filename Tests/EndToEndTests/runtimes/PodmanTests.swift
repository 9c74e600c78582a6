import Foundation
import Testing

@Suite(.enabled(if: Podman.isAvailable), .timeLimit(.minutes(5)))
struct PodmanTests {
    @Test func containersReachTheirGatewayEachOtherAndTheOutside() async throws {
        try await Podman.run(network: PodNetwork("10.88.0.0/24", "fd00:88::/64")) { podman in
            _ = try await Outside(of: podman.host)
            let one = try await podman.start()
            let two = try await podman.start()
            #expect(one.addresses == ["10.88.0.2", "fd00:88::2"])
            #expect(two.addresses == ["10.88.0.3", "fd00:88::3"])

            for (container, other) in [(one, two), (two, one)] {
                for address in ["10.88.0.1", "fd00:88::1", Outside.address] + other.addresses {
                    try await podman.ping(address, from: container)
                }
            }
        }
    }

    @Test func publishedPortReachesTheContainer() async throws {
        try await Podman.run(network: PodNetwork("10.88.0.0/24")) { podman in
            let outside = try await Outside(of: podman.host)
            let server = try await podman.start("--publish", "8080:80")
            try await podman.serve("one", from: server)
            #expect(try await outside.fetch(port: 8080) == "one\n")
        }
    }

    /// podman's conmon holds the port meanwhile.
    @Test func publishedPortOutlivesAReloadAndARestart() async throws {
        try await Podman.run(network: PodNetwork("10.88.0.0/24")) { podman in
            let outside = try await Outside(of: podman.host)
            let server = try await podman.start("--publish", "8082:80")
            func expectAnswers() async throws {
                #expect(try await outside.fetch(port: 8082) == "one\n")
                #expect(try await podman.host.fetch("127.0.0.1", port: 8082) == "one\n")
            }
            try await podman.serve("one", from: server)
            try await expectAnswers()
            try await podman.reloadNetwork(of: server)
            try await expectAnswers()
            try await podman.restart(server)
            try await podman.serve("one", from: server)
            try await expectAnswers()
            try await podman.remove(server)
            #expect(try await podman.host.run("nft", "list", "ruleset").text.contains("cni_portmap") == false)
        }
    }

    @Test func removedContainersLeaveNothing() async throws {
        try await Podman.run(network: PodNetwork("10.88.0.0/24")) { podman in
            let one = try await podman.start("--publish", "8081:80")
            let two = try await podman.start()
            let words = [one, two].flatMap { $0.addresses + [$0.identifier] }

            let both = try await HostTraces(on: podman.host, words: words)
            #expect(both.interfaces.count == 2)
            #expect(both.leases == ["10.88.0.2", "10.88.0.3"])
            #expect(both.results == [one, two].map { "pods-\($0.identifier)-eth0" }.sorted())
            #expect(both.namespaces.count == 2)
            #expect(both.mentionedInRules.isSuperset(of: ["10.88.0.2", "10.88.0.3"]))

            try await podman.remove(one)
            let remaining = try await HostTraces(on: podman.host, words: words)
            #expect(remaining.interfaces.count == 1)
            #expect(remaining.leases == ["10.88.0.3"])
            #expect(remaining.results == ["pods-\(two.identifier)-eth0"])
            #expect(remaining.namespaces.count == 1)
            #expect(remaining.mentionedInRules.isDisjoint(with: one.addresses + [one.identifier]))
            try await podman.ping("10.88.0.1", from: two)

            try await podman.remove(two)
            let none = try await HostTraces(on: podman.host, words: words)
            #expect(none == .none)
        }
    }

    /// The configuration of such a network names `bridge`, `portmap`, `firewall` and `tuning`.
    @Test func networkOfPodmansOwnNeedsNoOtherPlugins() async throws {
        try await Podman.run(network: PodNetwork("10.88.0.0/24")) { podman in
            let outside = try await Outside(of: podman.host)
            try await podman.createNetwork("own")
            let server = try await podman.start("--publish", "8083:80", on: "own")
            func expectAnswers() async throws {
                #expect(try await outside.fetch(port: 8083) == "own\n")
                #expect(try await podman.host.fetch("127.0.0.1", port: 8083) == "own\n")
            }
            try await podman.serve("own", from: server)
            try await expectAnswers()
            try await podman.ping(Outside.address, from: server)
            let rules = try await podman.host.run("nft", "list", "ruleset").text
            for table in ["cni_bridge", "cni_portmap", "cni_firewall"] { #expect(rules.contains("inet \(table) ")) }

            try await podman.restart(server)
            try await podman.serve("own", from: server)
            try await expectAnswers()

            try await podman.remove(server)
            try await podman.removeNetwork("own")
            #expect(try await podman.host.run("nft", "list", "ruleset").text.isEmpty)
        }
    }

    /// As with Docker: bridge, host, none, and another container's.
    @Test func eachOfTheFourWaysGivesItsNetwork() async throws {
        try await Podman.run(network: PodNetwork("10.88.0.0/24")) { podman in
            let bridged = try await podman.start()
            let sharing = try await podman.start(on: "container:\(bridged.identifier)")
            let onHost = try await podman.start(on: "host")
            let alone = try await podman.start(on: "none")

            func namespace(_ container: Podman.Container) async throws -> String {
                try await podman.execute("readlink", "/proc/self/ns/net", in: container)
            }
            let own = try await namespace(bridged)
            let host = try await podman.host.run("readlink", "/proc/self/ns/net").text
            #expect(bridged.addresses == ["10.88.0.2"])
            #expect(own != host)
            #expect(try await namespace(sharing) == own)
            #expect(try await namespace(onHost) == host)
            try await podman.ping("10.88.0.1", from: sharing)
            #expect(try await podman.execute("ls", "/sys/class/net", in: alone) == "lo\n")
            let results = try FileManager.default.contentsOfDirectory(atPath: podman.host.resultFolder.path)
            #expect(results == ["pods-\(bridged.identifier)-eth0"])
        }
    }
}
