import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Many attachments come and go at once, and plugins are killed meanwhile.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeStressTests {
    /// What becomes of a call.
    enum Fate: Sendable {
        case ends
        /// The plugin is killed while it works, its children go on.
        case killed(milliseconds: Int)
        /// So is IPAM with it.
        case killedWithChildren(milliseconds: Int)

        /// What runs the plugin so.
        var launcher: [String] {
            switch self {
            case .ends: []
            case .killed(let milliseconds): ["/usr/bin/timeout", "--foreground", "-s", "KILL", seconds(milliseconds)]
            case .killedWithChildren(let milliseconds): ["/usr/bin/timeout", "-s", "KILL", seconds(milliseconds)]
            }
        }

        private func seconds(_ milliseconds: Int) -> String { "0.\(String(1000 + milliseconds).dropFirst())" }

        static func random(using generator: inout SeededGenerator) -> Fate {
            let milliseconds = Int.random(in: 1...200, using: &generator)
            return switch Int.random(in: 0..<6, using: &generator) {
            case 0: .killed(milliseconds: milliseconds)
            case 1: .killedWithChildren(milliseconds: milliseconds)
            default: .ends
            }
        }
    }

    struct Call: Sendable {
        let verb: String
        let id: String
        let fate: Fate
    }

    @Test func twoHundredAddsAndDeletesWithKillsLeaveAHostAsBefore() async throws {
        var network = try BridgeNetwork()
        network.version = "1.1.0"
        network.more = ["isDefaultGateway": true, "ipMasq": true]
        network.ranges.append([["subnet": "fd00:1::/64"]])
        let containers = try (0..<112).map { number in (id: "cid\(number)", container: try TestContainer()) }
        let byID = Dictionary(uniqueKeysWithValues: containers)

        // The first ends for certain, so that there is something to keep.
        let survivor = try network.call(containers[0].container, id: "cid0").run("ADD", on: network.host)
        try #require(survivor.succeeded, "\(survivor.output)")
        let lock = try network.host.directory.write("running", "")
        let calls = Self.calls(of: containers.dropFirst().map(\.id))
        let running = try await run(calls, on: network, byID, holding: lock)
        // Until the last child of a plugin that was killed has ended.
        try network.host.run("flock", lock, "true")

        let valid = running.union(["cid0"])
        network.more["cni.dev/valid-attachments"] = .array(
            valid.sorted().map { ["containerID": .string($0), "ifname": "eth0"] })
        let collected = try network.call(nil).run("GC", on: network.host)
        #expect(collected.succeeded, "\(collected.output)")
        network.more["cni.dev/valid-attachments"] = nil
        // Each that runs has its end on the host, two addresses and their rules, and nobody else has.
        #expect(try network.host.linkNames().count == 2 + valid.count)
        #expect(network.leasedAddresses.count == 2 * valid.count)
        let rules = try network.host.ruleset().split { " \n\t\",".contains($0) }.map(String.init)
        for address in network.leasedAddresses { #expect(rules.contains(address), "\(address)") }
        for id in valid { #expect(byID[id]?.reaches("10.1.2.1") == true, "\(id)") }

        for id in valid {
            let deleted = try network.call(byID[id], id: id).run("DEL", on: network.host)
            #expect(deleted.succeeded, "\(id): \(deleted.output)")
        }
        #expect(try network.isClean())
    }

    /// An ADD of each and a DEL of each, a DEL never before its ADD.
    private static func calls(of ids: [String]) -> [Call] {
        var generator = SeededGenerator(seed: 4)
        var verbs = (ids + ids).shuffled(using: &generator)
        // One in five stays.
        let staying = Set(ids.shuffled(using: &generator).prefix(ids.count / 5))
        var seen: Set<String> = []
        verbs.removeAll { id in !seen.insert(id).inserted && staying.contains(id) }
        seen = []
        return verbs.map { id in
            let verb = seen.insert(id).inserted ? "ADD" : "DEL"
            return Call(verb: verb, id: id, fate: .random(using: &generator))
        }
    }

    /// Runs calls, sixteen at a time and those of one container one after the other, and returns who runs at the end.
    private func run(
        _ calls: [Call], on network: BridgeNetwork, _ containers: [String: TestContainer],
        holding lock: String
    ) async throws -> Set<String> {
        let register = Register(calls)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    try await onThread {
                        while let call = register.next() {
                            var plugin = network.call(containers[call.id], id: call.id)
                            plugin.launcher = ["/usr/bin/flock", "--shared", lock] + call.fate.launcher
                            register.note(call, try plugin.run(call.verb, on: network.host))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(register.failures.isEmpty, "\(register.failures.prefix(5))")
        return register.running
    }

    /// The calls that are still to be made, and what has come of the others.
    private final class Register: @unchecked Sendable {
        private let condition = NSCondition()
        private var pending: [Call]
        private var busy: Set<String> = []
        private var succeeded: Set<String> = []
        private var failed: [String] = []

        init(_ calls: [Call]) {
            pending = calls
        }

        var running: Set<String> { condition.withLock { succeeded } }
        var failures: [String] { condition.withLock { failed } }

        /// The next call of a container of which none is being made; nil at the end.
        func next() -> Call? {
            condition.withLock {
                while !pending.isEmpty {
                    if let index = pending.firstIndex(where: { !busy.contains($0.id) }) {
                        let call = pending.remove(at: index)
                        busy.insert(call.id)
                        if call.verb == "DEL" { succeeded.remove(call.id) }
                        return call
                    }
                    condition.wait()
                }
                return nil
            }
        }

        func note(_ call: Call, _ outcome: PluginOutcome) {
            condition.withLock {
                busy.remove(call.id)
                if call.verb == "ADD", outcome.succeeded { succeeded.insert(call.id) }
                if case .ends = call.fate, !outcome.succeeded {
                    failed.append("\(call.verb) \(call.id): \(outcome.output)\(outcome.errorOutput)")
                }
                condition.broadcast()
            }
        }
    }
}
