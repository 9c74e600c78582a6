import Addressing
import Foundation
import LinuxSystem
import TestSupport
import Testing

@testable import Leases

/// Every state file as a power loss, or a hand, may leave it: the store works, gives nothing out twice, and loses nothing.
struct PowerLossTests {
    let scratch: ScratchStore
    let alive: String

    init() throws {
        scratch = try ScratchStore()
        alive = try scratch.directory.write("ns", "")
    }

    enum Damage: CaseIterable {
        case empty, half, zeros, old, missing

        func apply(to path: String, old: [UInt8]) throws {
            let file = URL(fileURLWithPath: path)
            let bytes = try Data(contentsOf: file)
            switch self {
            case .empty: try Data().write(to: file)
            case .half: try bytes.prefix(bytes.count / 2).write(to: file)
            case .zeros: try Data(count: bytes.count).write(to: file)
            case .old: try Data(old).write(to: file)
            case .missing: try FileManager.default.removeItem(at: file)
            }
        }
    }

    static let files = ["net/10.0.0.3", "net/last_reserved_ip.0", "net/lock", ".net/index", ".net/pods"]

    struct Loss: CustomTestStringConvertible {
        let file: String
        let damage: Damage
        let boot: UInt128

        var testDescription: String { "\(file) \(damage) boot \(boot)" }
    }

    static let losses = files.flatMap { file in
        Damage.allCases.flatMap { damage in [1, 2].map { Loss(file: file, damage: damage, boot: $0) } }
    }

    @Test(arguments: losses)
    func leavesAStoreThatWorks(_ loss: Loss) throws {
        let path = "\(scratch.directory.path)/\(loss.file)"
        // The old version is one lease before.
        try scratch.reserve("10.0.0.2", "c2", namespace: alive)
        try remember("10.0.0.2")
        let old = (try? Data(contentsOf: URL(fileURLWithPath: path))).map { [UInt8]($0) } ?? Array("c9\r\neth0".utf8)
        for number in 3...5 { try scratch.reserve("10.0.0.\(number)", "c\(number)", namespace: alive) }
        try remember("10.0.0.5")
        try loss.damage.apply(to: path, old: old)

        // Whoever is on an address that is not damaged stays the only one there.
        var store = try scratch.open(boot: loss.boot)
        let range = try #require(
            IPRange(first: ScratchStore.address("10.0.0.1"), last: ScratchStore.address("10.0.0.8")))
        var given: [String] = []
        while let address = try store.firstFree(in: range) {
            let isReserved = try store.reserve(
                address, for: ScratchStore.owner("n\(address)"), namespacePath: alive)
            try #require(isReserved && !given.contains("\(address)"))
            given.append("\(address)")
        }
        let untouched = ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"].filter { !loss.file.hasSuffix($0) }
        #expect(Set(given).isDisjoint(with: untouched))
        for address in untouched {
            let leases = try store.leases(of: ScratchStore.owner("c\(address.suffix(1))"))
            #expect(leases.map { "\($0.address)" } == [address])
        }
        _ = try store.lastReserved(inSet: 0)
        try store.setLastReserved(ScratchStore.address("10.0.0.4"), inSet: 0)
        let cursor = try store.lastReserved(inSet: 0)
        #expect(try cursor == ScratchStore.address("10.0.0.4"))

        // All that is there can be ended, and everything is free then.
        try store.release(try store.allLeases())
        let first = try store.firstFree(in: range)
        #expect(first == range.first)
        #expect(scratch.directory.names(in: "net").filter { $0.hasPrefix("10.") }.isEmpty)
    }

    private func remember(_ address: String) throws {
        var store = try scratch.open()
        try store.setLastReserved(ScratchStore.address(address), inSet: 0)
        try store.addressMemory().remember(ScratchStore.address(address), for: "default/web/eth0/0")
    }

    private func truncate(_ file: String, to contents: String) throws {
        try Data(contents.utf8).write(to: URL(fileURLWithPath: "\(scratch.directory.path)/\(file)"))
    }

    /// Changes a file that keeps its time, as what a power loss leaves does.
    private func keepingTime(of file: String, _ change: () throws -> Void) throws {
        let open = try FileDescriptor.open("\(scratch.directory.path)/\(file)", O_RDONLY)
        let time = try open.status().modificationTime
        try change()
        try open.setModificationTime(time)
    }

    @Test(arguments: ["", " \n", "\0\0\0\0\0\0\0\0"])
    func freesALeaseWithoutAnOwner(contents: String) throws {
        try scratch.directory.write("net/10.0.0.2", contents)
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9") == "10.0.0.2")
        #expect(
            scratch.log.all == ["lease 10.0.0.2 has lost its owner, as in a power loss; the address is free again"])
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9") == "10.0.0.2")
        #expect(scratch.log.all.count == 1)
    }

    @Test func restoresTheLeaseOfALivingContainer() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: alive)
        try truncate("net/10.0.0.2", to: "")
        #expect(try scratch.leases("c1") == ["10.0.0.2"])
        #expect(scratch.directory.contents("net/10.0.0.2") == "c1\r\neth0")
        #expect(scratch.log.all == ["lease 10.0.0.2 has lost its owner; c1 (eth0) is alive, and has it again"])
    }

    @Test(arguments: ["", "c", "c1", "c1\r\n", "c1\r\net"])
    func freesTheHalfLeaseOfAnEarlierBoot(contents: String) throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: alive)
        try keepingTime(of: "net/10.0.0.2") { try truncate("net/10.0.0.2", to: contents) }
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9", boot: 2) == "10.0.0.2")
        #expect(scratch.log.all.count == 1)
    }

    /// What begins like a lease that was there may be another one: of a container that is named alike, or of one that
    /// the reference made anew.
    @Test(arguments: ["c", "c1", "c1\r\neth"])
    func keepsALeaseThatIsNamedLikeTheBeginningOfAnother(contents: String) throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: alive)
        try File.remove("\(scratch.directory.path)/net/10.0.0.2")
        try scratch.directory.write("net/10.0.0.2", contents)
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9", boot: 2) == "10.0.0.3")
        #expect(scratch.directory.contents("net/10.0.0.2") == contents)
        #expect(scratch.log.all.isEmpty)
    }

    @Test func looksForLostLeasesWhenNothingIsFree() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        try truncate("net/10.0.0.2", to: "")
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.2") == nil)
        // One lease is looked at again after a millisecond.
        func makeRoom() throws -> Bool {
            var store = try scratch.open()
            return try store.makeRoom(reclaiming: true)
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while try !makeRoom() { try #require(ContinuousClock.now < deadline) }
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.2") == "10.0.0.2")
    }

    /// A process that is killed between two steps leaves the index unsealed.
    @Test func countsNothingOnAnIndexThatWasBeingChanged() throws {
        try scratch.reserve("10.0.0.2", "c1")
        var store = try scratch.open()
        let index = try Data(contentsOf: URL(fileURLWithPath: "\(scratch.directory.path)/.net/index"))
        _ = try store.reserve(
            ScratchStore.address("10.0.0.3"), for: ScratchStore.owner("c2"), namespacePath: nil)
        let changed = try Data(contentsOf: URL(fileURLWithPath: "\(scratch.directory.path)/.net/index"))
        #expect(index.prefix(80) != changed.prefix(80))
        _ = consume store
        try changed.write(to: URL(fileURLWithPath: "\(scratch.directory.path)/.net/index"))
        let number = try scratch.indexNumber()
        #expect(try scratch.leases("c2") == ["10.0.0.3"])
        #expect(try scratch.indexNumber() != number)
    }
}
