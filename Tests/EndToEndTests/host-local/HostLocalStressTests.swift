import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Many processes on one directory, some of them killed, some of them the reference.
struct HostLocalStressTests {
    /// Twenty thousand calls: half of them by this suite alone, then half of the workers call the reference.
    @Test func nobodyIsLostOrMetInTwentyThousandCallsAndKills() async throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/25"])
        network.version = "1.0.0"
        let (shared, register) = (network, Register())
        let workers = 8
        let calls = 20_000 / workers
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<workers {
                group.addTask {
                    try await onThread {
                        var worker = Worker(number, shared, register)
                        for _ in 0..<calls / 2 { try worker.step() }
                        if number % 2 == 1 && Executables.hasReference {
                            worker.network.directory = Executables.reference
                        }
                        for _ in 0..<calls / 2 { try worker.step() }
                    }
                }
            }
            try await group.waitForAll()
        }
        // Nobody is lost: what is leased ends with GC, and then all there is can be leased again.
        network.version = "1.1.0"
        #expect(register.findings.isEmpty, "\(register.findings)")
        #expect(try network.keeping([]).run("GC").succeeded)
        #expect(network.leased.isEmpty)
        for number in 0..<125 { #expect(try network.run("ADD", "final\(number)").succeeded) }
        #expect(try network.run("ADD", "final125").errorCode == 11)
    }

    /// One of those who call, with the containers that it has running.
    private struct Worker {
        var network: LeaseNetwork
        let register: Register
        let name: String
        var running: [(id: String, address: String)] = []
        var count = 0
        var generator: SeededGenerator

        init(_ number: Int, _ network: LeaseNetwork, _ register: Register) {
            self.network = network
            self.register = register
            name = "w\(number)"
            generator = SeededGenerator(seed: UInt64(number))
        }

        mutating func step() throws {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0 where network.directory == Executables.own: try collectGarbage()
            case ..<10: try kill("ADD", nextID())
            case ..<14 where !running.isEmpty:
                let id = stop()
                try kill("DEL", id)
            case ..<55 where running.count < 14: try add()
            case _ where !running.isEmpty:
                let id = stop()
                let deleted = try register.whileNobodyCollects { try network.run("DEL", id) }
                if !deleted.succeeded { register.report("DEL \(id): \(deleted.output)") }
            default: try add()
            }
        }

        private mutating func nextID() -> String {
            count += 1
            return "\(name)-\(count)"
        }

        private mutating func add() throws {
            let id = nextID()
            let added = try register.whileNobodyCollects {
                let added = try network.run("ADD", id)
                if let address = added.addresses.first { register.start(id, address) }
                return added
            }
            guard let address = added.addresses.first else {
                if added.errorMessage?.contains("no IP addresses available") != true {
                    register.report("ADD \(id): \(added.output)\(added.errorOutput)")
                }
                return
            }
            running.append((id, address))
        }

        /// Takes a container from those that run, before its address may be given to somebody else.
        private mutating func stop() -> String {
            let (id, address) = running.remove(at: Int.random(in: running.indices, using: &generator))
            register.stop(id, address)
            return id
        }

        /// Runs a verb that is killed within the time it usually takes, so anywhere in it.
        private mutating func kill(_ command: String, _ id: String) throws {
            let time = "0.00\(Int.random(in: 1...5, using: &generator))"
            _ = try register.whileNobodyCollects {
                try network.run(command, id, behind: ["timeout", "-s", "KILL", time])
            }
        }

        private func collectGarbage() throws {
            var network = network
            network.version = "1.1.0"
            let collected = try register.alone { running in try network.keeping(running).run("GC") }
            if !collected.succeeded { register.report("GC: \(collected.output)") }
        }
    }

    /// Who runs where, as the runtime's own records would have it.
    private final class Register: @unchecked Sendable {
        private let lock = NSLock()
        private let order: UnsafeMutablePointer<pthread_rwlock_t> = .allocate(capacity: 1)
        private var holders: [String: String] = [:]
        private var found: [String] = []

        init() {
            pthread_rwlock_init(order, nil)
        }

        deinit {
            pthread_rwlock_destroy(order)
            order.deallocate()
        }

        var findings: [String] { lock.withLock { Array(found.prefix(5)) } }

        func report(_ finding: String) { lock.withLock { found.append(finding) } }

        func start(_ id: String, _ address: String) {
            lock.withLock {
                if let other = holders.updateValue(id, forKey: address) {
                    found.append("\(address) given to \(id) while \(other) has it")
                }
            }
        }

        func stop(_ id: String, _ address: String) {
            lock.withLock {
                if holders.removeValue(forKey: address) != id { found.append("\(address) was not \(id)'s") }
            }
        }

        /// GC gets a list that is complete, as runtimes see to it.
        func alone<Value>(_ body: ([String]) throws -> Value) rethrows -> Value {
            pthread_rwlock_wrlock(order)
            defer { pthread_rwlock_unlock(order) }
            return try body(lock.withLock { Array(holders.values) })
        }

        func whileNobodyCollects<Value>(_ body: () throws -> Value) rethrows -> Value {
            pthread_rwlock_rdlock(order)
            defer { pthread_rwlock_unlock(order) }
            return try body()
        }
    }
}
