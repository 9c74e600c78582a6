import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import Leases

struct ProofOfLifeTests {
    let scratch: ScratchStore

    init() throws {
        scratch = try ScratchStore()
    }

    /// A file that plays a namespace: all that is looked at is its number.
    private func namespace(_ name: String) throws -> String { try scratch.directory.write(name, "") }

    private func makeRoom(boot: UInt128, reclaiming: Bool = true) throws -> Bool {
        var store = try scratch.open(boot: boot)
        return try store.makeRoom(reclaiming: reclaiming)
    }

    @Test func reclaimsWhatTheLastBootLeft() throws {
        let path = try namespace("ns")
        try scratch.reserve("10.0.0.2", "c1", namespace: path)
        try scratch.reserve("10.0.0.3", "c2", namespace: "/nowhere")
        try scratch.reserve("10.0.0.4", "c3", namespace: "/nowhere", boot: 2)
        try scratch.reserve("10.0.0.5", "c4", boot: 2)
        try scratch.directory.write("net/10.0.0.6", "c5\r\neth0")
        try File.remove(path)
        #expect(try makeRoom(boot: 2))
        #expect(scratch.directory.names(in: "net") == ["10.0.0.4", "10.0.0.5", "10.0.0.6", "lock"])
        #expect(scratch.log.all.count == 2)
        #expect(
            scratch.log.all.contains(
                "lease 10.0.0.3 of c2 (eth0) reclaimed: made before the last boot, and /nowhere is gone"))
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9", boot: 2) == "10.0.0.2")
    }

    @Test func keepsALeaseInDoubt() throws {
        let path = try namespace("ns")
        try scratch.reserve("10.0.0.2", "c1", namespace: path)
        // The namespace is gone, but no boot is over.
        try scratch.reserve("10.0.0.3", "c2", namespace: "/nowhere")
        _ = try makeRoom(boot: 1)
        #expect(try scratch.leases("c2") == ["10.0.0.3"])
        // The boot is over, but the namespace has the same path and number.
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c1", boot: 2) == ["10.0.0.2"])
        #expect(try scratch.leases("c2", boot: 2).isEmpty)
        // Another number.
        _ = try namespace("other")
        try File.remove(path)
        _ = try namespace("third")
        _ = try namespace("ns")
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c1", boot: 2).isEmpty)
    }

    @Test func reclaimsNothingWhenTold() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        _ = try makeRoom(boot: 2, reclaiming: false)
        #expect(try scratch.leases("c1", boot: 2) == ["10.0.0.2"])
    }

    @Test func survivesRebuildingOfTheIndex() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        for number in 3..<6 {
            try scratch.directory.write("net/10.0.0.\(number)", "other\(number)\r\neth0")
            #expect(try scratch.leases("c1") == ["10.0.0.2"])
        }
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c1", boot: 2).isEmpty)
    }

    @Test func belongsToTheOwnerItWasMadeWith() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        try File.remove("\(scratch.directory.path)/net/10.0.0.2")
        try scratch.directory.write("net/10.0.0.2", "c2\r\neth0")
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c2", boot: 2) == ["10.0.0.2"])
    }

    @Test func startsAnewWithARenewedLease() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        let path = try namespace("ns")
        var store = try scratch.open(boot: 2)
        let before = try store.leases(of: ScratchStore.owner("c1"))
        let lease = try #require(before.first)
        let wasOver = store.isOver(lease)
        #expect(wasOver)
        try store.renew(lease, namespacePath: path)
        let renewed = try store.leases(of: ScratchStore.owner("c1"))
        let isOver = renewed.map { store.isOver($0) }
        _ = consume store
        #expect(isOver == [false])
        _ = try makeRoom(boot: 3)
        #expect(try scratch.leases("c1", boot: 3) == ["10.0.0.2"])
    }
}
