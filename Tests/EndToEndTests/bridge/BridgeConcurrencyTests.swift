import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeConcurrencyTests {
    @Test func aHundredContainersAtOnce() async throws {
        var network = try BridgeNetwork()
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
