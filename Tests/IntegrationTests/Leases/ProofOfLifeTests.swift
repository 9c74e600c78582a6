import Addressing
import Glibc
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

    /// The reference has deleted the lease and made it anew, for a container that runs: what is known of the first is
    /// no word on the second, whether or not the file has got the number of the first.
    @Test(arguments: [false, true])
    func belongsToTheFileItWasMadeWith(isSeenBetween: Bool) throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        let path = "\(scratch.directory.path)/net/10.0.0.2"
        try File.remove(path)
        if isSeenBetween { #expect(try scratch.leases("c1", boot: 2).isEmpty) }
        try scratch.directory.write("net/10.0.0.2", "c1\r\neth0")
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c1", boot: 2) == ["10.0.0.2"])
        #expect(scratch.log.all.isEmpty)
    }

    @Test func isNoneWhereTheFileWasTouched() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        let file = try FileDescriptor.open("\(scratch.directory.path)/net/10.0.0.2", O_RDONLY)
        let time = try file.status().modificationTime
        try file.setModificationTime(FileTime(seconds: time.seconds + 100, nanoseconds: 5))
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c1", boot: 2) == ["10.0.0.2"])
        // Even where the index is the same, and not built again.
        try file.setModificationTime(time)
        var store = try scratch.open(boot: 2)
        let leases = try store.leases(of: ScratchStore.owner("c1"))
        #expect(leases.map(\.life) == [nil])
    }

    /// Two machines that share a directory, or containers with boot ids of their own.
    @Test(arguments: [[1, 2], [nil, 2], [1, nil], [nil, nil]] as [[UInt64?]])
    func isOverOnNoOtherMachine(machines: [UInt64?]) throws {
        var first = try scratch.open(boot: 1, machine: machines[0])
        let isReserved = try first.reserve(
            ScratchStore.address("10.0.0.2"), for: ScratchStore.owner("c1"), namespacePath: "/nowhere")
        #expect(isReserved)
        _ = consume first
        for machine in [machines[1], machines[0], machines[1]] {
            var store = try scratch.open(boot: machine == machines[0] ? 1 : 2, machine: machine)
            _ = try store.makeRoom(reclaiming: true)
            let leases = try store.leases(of: ScratchStore.owner("c1"))
            #expect(leases.map { "\($0.address)" } == ["10.0.0.2"])
            #expect(leases.map { store.isOver($0) } == [false])
        }
        #expect(scratch.log.all.isEmpty)
    }

    @Test func isKeptWhileOtherMachinesUseTheDirectory() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        _ = try scratch.open(boot: 7, machine: 7)
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c1", boot: 2).isEmpty)
    }

    /// The record that was there counts no longer, even where the new one is lost.
    @Test func doesNotOutliveTheContainerOfARenewedLease() throws {
        try scratch.reserve("10.0.0.2", "c1", namespace: "/nowhere")
        var store = try scratch.open(boot: 2)
        try scratch.copy(".net/index", to: "before")
        let lease = try #require(try store.leases(of: ScratchStore.owner("c1")).first)
        try store.renew([lease], namespacePath: "/nowhere")
        _ = consume store
        try scratch.copy("before", to: ".net/index")
        _ = try makeRoom(boot: 2)
        #expect(try scratch.leases("c1", boot: 2) == ["10.0.0.2"])
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
        try store.renew([lease], namespacePath: path)
        let renewed = try store.leases(of: ScratchStore.owner("c1"))
        let isOver = renewed.map { store.isOver($0) }
        _ = consume store
        #expect(isOver == [false])
        _ = try makeRoom(boot: 3)
        #expect(try scratch.leases("c1", boot: 3) == ["10.0.0.2"])
    }
}
