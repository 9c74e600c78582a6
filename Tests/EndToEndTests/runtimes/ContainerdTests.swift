import Testing

@Suite(.enabled(if: Containerd.isAvailable), .timeLimit(.minutes(5)))
struct ContainerdTests {
    @Test func podsReachTheirGatewayEachOtherAndTheOutside() async throws {
        try await Containerd.run(network: PodNetwork("10.88.0.0/24")) { containerd in
            _ = try await Outside(of: containerd.host)
            let one = try await containerd.startPod("one")
            let two = try await containerd.startPod("two")
            #expect(one.addresses == ["10.88.0.2"])
            #expect(two.addresses == ["10.88.0.3"])

            for (pod, other) in [(one, two), (two, one)] {
                try await containerd.ping("10.88.0.1", from: pod)
                try await containerd.ping(other.address, from: pod)
                try await containerd.ping(Outside.address, from: pod)
            }
        }
    }

    @Test func podsHaveAnAddressOfEachFamily() async throws {
        try await Containerd.run(network: PodNetwork("10.88.0.0/24", "fd00:88::/64")) { containerd in
            let one = try await containerd.startPod("one")
            let two = try await containerd.startPod("two")
            #expect(one.addresses == ["10.88.0.2", "fd00:88::2"])
            #expect(two.addresses == ["10.88.0.3", "fd00:88::3"])

            for (pod, other) in [(one, two), (two, one)] {
                for address in ["10.88.0.1", "fd00:88::1"] + other.addresses {
                    try await containerd.ping(address, from: pod)
                }
            }
        }
    }

    @Test func hostPortReachesThePod() async throws {
        try await Containerd.run(network: PodNetwork("10.88.0.0/24")) { containerd in
            let outside = try await Outside(of: containerd.host)
            let pod = try await containerd.startPod("one", hostPort: 8080)
            try await containerd.serve("one", from: pod)
            #expect(try await outside.fetch(port: 8080) == "one\n")
            #expect(try await containerd.host.fetch("127.0.0.1", port: 8080) == "one\n")
            try await containerd.remove(pod)
            #expect(try await containerd.host.run("nft", "list", "ruleset").text.isEmpty)
        }
    }

    @Test func removedPodsLeaveNothing() async throws {
        try await Containerd.run(network: PodNetwork("10.88.0.0/24")) { containerd in
            let one = try await containerd.startPod("one")
            let two = try await containerd.startPod("two")
            let words = [one, two].flatMap { $0.addresses + [$0.sandbox] }

            let both = try await HostTraces(on: containerd.host, words: words)
            #expect(both.interfaces.count == 2)
            #expect(both.leases == ["10.88.0.2", "10.88.0.3"])
            #expect(both.results.contains("pods-\(one.sandbox)-eth0"))
            #expect(both.results.contains("pods-\(two.sandbox)-eth0"))
            #expect(both.namespaces.count == 2)
            #expect(both.mentionedInRules.isSuperset(of: ["10.88.0.2", "10.88.0.3"]))

            try await containerd.remove(one)
            let remaining = try await HostTraces(on: containerd.host, words: words)
            #expect(remaining.interfaces.count == 1)
            #expect(remaining.leases == ["10.88.0.3"])
            #expect(!remaining.results.contains { $0.contains(one.sandbox) })
            #expect(remaining.namespaces.count == 1)
            #expect(remaining.mentionedInRules.isDisjoint(with: one.addresses + [one.sandbox]))
            try await containerd.ping("10.88.0.1", from: two)

            try await containerd.remove(two)
            let none = try await HostTraces(on: containerd.host, words: words)
            #expect(none == .none)
        }
    }

    @Test func refusedPodLeavesNothingAndSaysWhy() async throws {
        // Room for the gateway and one pod.
        try await Containerd.run(network: PodNetwork("10.88.0.0/30")) { containerd in
            let one = try await containerd.startPod("one")
            let before = try await HostTraces(on: containerd.host, words: [])

            let refusal = try await #require(throws: CRIClient.CallError.self) {
                try await containerd.startPod("two")
            }
            #expect(refusal.message.contains("10.88.0.0/30") || refusal.message.contains("10.88.0.1-10.88.0.2"))
            let after = try await HostTraces(on: containerd.host, words: [])
            #expect(after == before)

            try await containerd.remove(one)
            #expect(try await containerd.startPod("three").addresses == ["10.88.0.2"])
        }
    }

    @Test func podWhoseNamespaceIsGoneLeavesNothing() async throws {
        try await Containerd.run(network: PodNetwork("10.88.0.0/24")) { containerd in
            let pod = try await containerd.startPod("one")
            let words = pod.addresses + [pod.sandbox]
            let running = try await HostTraces(on: containerd.host, words: words)
            #expect(running.namespaces.count == 1)
            for namespace in running.namespaces {
                try await containerd.host.run("ip", "netns", "delete", namespace)
            }

            try await containerd.remove(pod)
            var traces = try await HostTraces(on: containerd.host, words: words)
            if PluginFolder.isReference {
                // The reference's bridge keeps the masquerade rule of a namespace that is gone.
                traces.mentionedInRules = []
            }
            #expect(traces == .none)
        }
    }

    @Test func sandboxesMadeTogetherHaveAddressesOfTheirOwn() async throws {
        try await Containerd.run(network: PodNetwork("10.88.0.0/24")) { containerd in
            let sandboxes = try await withThrowingTaskGroup { group in
                for number in 1...6 {
                    group.addTask { try await containerd.makeSandbox("pod\(number)") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            var addresses: Set<String> = []
            for sandbox in sandboxes {
                addresses.formUnion(try await containerd.runtime.addresses(ofSandbox: sandbox))
            }
            #expect(addresses == Set((2...7).map { "10.88.0.\($0)" }))
        }
    }
}
