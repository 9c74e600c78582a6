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
            // Returns once it listens.
            try await podman.execute(
                "sh", "-c", "echo one > /index.html && /bin/busybox httpd -p 80 -h /", in: server)
            #expect(try await outside.fetch(port: 8080) == "one\n")
        }
    }

    /// podman's conmon holds the port meanwhile.
    @Test func publishedPortOutlivesAReloadAndARestart() async throws {
        try await Podman.run(network: PodNetwork("10.88.0.0/24")) { podman in
            let outside = try await Outside(of: podman.host)
            let server = try await podman.start("--publish", "8082:80")
            func serve() async throws {
                try await podman.execute(
                    "sh", "-c", "echo one > /index.html && /bin/busybox httpd -p 80 -h /", in: server)
            }
            func expectAnswers() async throws {
                #expect(try await outside.fetch(port: 8082) == "one\n")
                let words = ["curl", "--silent", "--show-error", "--fail", "--max-time", "5", "http://127.0.0.1:8082/"]
                #expect(try await podman.host.run(words).text == "one\n")
            }
            try await serve()
            try await expectAnswers()
            try await podman.reloadNetwork(of: server)
            try await expectAnswers()
            try await podman.restart(server)
            try await serve()
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
}
