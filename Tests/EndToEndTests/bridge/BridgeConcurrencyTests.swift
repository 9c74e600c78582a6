import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeConcurrencyTests {
    private var network: BridgeNetwork

    init() throws {
        network = try BridgeNetwork()
        // All wait for one lock, on a machine that is busy with other tests.
        network.ipamMore["lockTimeoutSeconds"] = 120
    }

    @Test mutating func aHundredContainersAtOnce() async throws {
        network.more = ["isDefaultGateway": true, "ipMasq": true]
        network.ranges.append([["subnet": "fd00:1::/64"]])
        let shared = network
        let containers = try (0..<100).map { number in (id: "cid\(number)", container: try TestContainer()) }

        let added = try await Self.atOnce(containers) { id, container in
            try shared.call(container, id: id).run("ADD", on: shared.host)
        }
        #expect(added.allSatisfy { $0.succeeded }, "\(added.first { !$0.succeeded }?.output ?? "")")
        #expect(Set(added.flatMap(\.addresses)).count == 200)
        #expect(network.leasedAddresses.count == 200)
        #expect(try network.host.linkNames().count == 102)
        #expect(containers[0].container.reaches("10.1.2.1") && containers[99].container.reaches("10.1.2.1"))

        let deleted = try await Self.atOnce(containers) { id, container in
            try shared.call(container, id: id).run("DEL", on: shared.host)
        }
        #expect(deleted.allSatisfy { $0.succeeded }, "\(deleted.first { !$0.succeeded }?.output ?? "")")
        #expect(try network.isClean())
    }

    /// A runtime that tries again while its first try goes on.
    @Test mutating func ofIdenticalAddsExactlyOneWins() async throws {
        network.more = ["isDefaultGateway": true, "ipMasq": true]
        let shared = network
        let containers = try (0..<6).map { number in (id: "cid\(number)", container: try TestContainer()) }
        let tries = 6
        for _ in 0..<3 {
            let outcomes = try await Self.atOnce((0..<tries).flatMap { _ in containers }) { id, container in
                try shared.call(container, id: id).run("ADD", on: shared.host)
            }
            let winners = outcomes.filter(\.succeeded)
            #expect(winners.count == containers.count, "\(outcomes.first { !$0.succeeded }?.output ?? "")")
            #expect(
                winners.flatMap(\.addresses).map { String($0.dropLast(3)) }.sorted() == network.leasedAddresses.sorted()
            )
            for (id, container) in containers {
                #expect(container.reaches("10.1.2.1"))
                let address = try container.run("ip", "-4", "-o", "address", "show", "eth0")
                #expect(winners.contains { address.contains($0.addresses.first ?? "none") }, "\(address)")
                #expect(try shared.call(container, id: id).run("DEL", on: shared.host).succeeded)
            }
            #expect(try network.isClean())
        }
    }

    /// Two networks on one bridge: what one collects may be what the other's first container is just about to use.
    @Test mutating func garbageCollectionLeavesTheGatewayThatAnAddReliesOn() async throws {
        network.version = "1.1.0"
        var second = network
        second.name = "net2"
        second.ranges = [[["subnet": "10.7.0.0/16"]]]
        let first = try TestContainer()
        #expect(try network.call(first).run("ADD", on: network.host).succeeded)
        var collecting = network.call(nil)
        collecting.configuration = network.configuration(keeping: ["cid1"])
        let collection = collecting
        let container = try TestContainer()
        let call = second.call(container, id: "cid2")
        let host = network.host
        for _ in 0..<20 {
            // Leaves a gateway without a container.
            #expect(try call.run("ADD", on: host).succeeded)
            #expect(try call.run("DEL", on: host).succeeded)
            async let collected = onThread { try collection.run("GC", on: host) }
            async let added = onThread { try call.run("ADD", on: host) }
            #expect(try await collected.succeeded)
            #expect(try await added.succeeded)
            #expect(try host.run("ip", "-br", "address", "show", "dev", "bridge0").contains("10.7.0.1/16"))
            #expect(container.reaches("10.7.0.1"))
            #expect(try call.run("DEL", on: host).succeeded)
        }
    }

    private static func atOnce(
        _ containers: [(id: String, container: TestContainer)],
        _ run: @escaping @Sendable (String, TestContainer) throws -> PluginOutcome
    ) async throws -> [PluginOutcome] {
        try await withThrowingTaskGroup(of: PluginOutcome.self) { group in
            for (id, container) in containers {
                group.addTask { try await onThread { try run(id, container) } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
