import Addressing
import Attachments
import Foundation
import LinuxSystem
import TestSupport
import Testing

@testable import Leases

/// A store in a folder of a test's own.
struct ScratchStore {
    let directory: TemporaryDirectory
    let log = Lines()

    /// What a store said; a class, since it says it from inside a closure.
    final class Lines {
        var all: [String] = []
    }

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// Waits for the lock, which a child of another test may have inherited for the moment before it runs its program.
    func open(boot: UInt128 = 1, machine: UInt64? = 1, lockTimeout: Int = 10_000) throws -> LeaseStore {
        try LeaseStore(
            network: "net", root: directory.path, lockTimeout: lockTimeout,
            boot: Boot(BootID(rawValue: boot), on: machine.map { MachineID(rawValue: $0) }),
            log: { log.all.append($0) })
    }

    static func owner(_ id: String) -> Owner { Owner(containerID: id, interfaceName: "eth0") }

    /// Leases an address in a call of its own.
    @discardableResult
    func reserve(_ address: String, _ id: String, namespace: String? = nil, boot: UInt128 = 1) throws -> Bool {
        var store = try open(boot: boot)
        return try store.reserve(Self.address(address), for: Self.owner(id), namespacePath: namespace)
    }

    func leases(_ id: String, boot: UInt128 = 1) throws -> [String] {
        var store = try open(boot: boot)
        return try store.leases(of: Self.owner(id)).map { "\($0.address)" }
    }

    @discardableResult
    func release(_ id: String, boot: UInt128 = 1) throws -> [String] {
        var store = try open(boot: boot)
        return try store.release(Self.owner(id)).map { "\($0)" }
    }

    func firstFree(_ first: String, _ last: String, boot: UInt128 = 1) throws -> String? {
        let range = try #require(IPRange(first: Self.address(first), last: Self.address(last)))
        var store = try open(boot: boot)
        return try store.firstFree(in: range).map { "\($0)" }
    }

    /// The index file's number, which is another one after it was built again.
    func indexNumber() throws -> UInt64 { try FileStatus(path: "\(directory.path)/.net/index").inode }

    /// Copies a file without the holes that an index has.
    func copy(_ source: String, to target: String) throws {
        let child = try Subprocess.run(
            "/bin/cp", ["--sparse=always", "\(directory.path)/\(source)", "\(directory.path)/\(target)"],
            environment: [])
        try #require(child.ending == .exited(0))
    }

    static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
}

struct LeaseStoreTests {
    let scratch: ScratchStore

    init() throws {
        scratch = try ScratchStore()
    }

    @Test func writesTheReferencesFiles() throws {
        try scratch.reserve("10.0.0.5", "c1")
        try scratch.reserve("2001:db8::5", "c1")
        var store = try scratch.open()
        try store.setLastReserved(ScratchStore.address("2001:db8::5"), inSet: 1)
        _ = consume store
        #expect(scratch.directory.names(in: "net") == ["10.0.0.5", "2001:db8::5", "last_reserved_ip.1", "lock"])
        #expect(scratch.directory.contents("net/10.0.0.5") == "c1\r\neth0")
        #expect(scratch.directory.contents("net/last_reserved_ip.1") == "2001:db8::5")
    }

    @Test func givesAnAddressOnce() throws {
        #expect(try scratch.reserve("10.0.0.5", "c1"))
        #expect(try !scratch.reserve("10.0.0.5", "c2"))
        #expect(scratch.directory.contents("net/10.0.0.5") == "c1\r\neth0")
        #expect(try scratch.leases("c2").isEmpty)
    }

    @Test func findsWhatAnOwnerHas() throws {
        try scratch.reserve("10.0.0.5", "c1")
        try scratch.reserve("10.0.0.6", "c2")
        try scratch.reserve("2001:db8::5", "c1")
        #expect(try Set(scratch.leases("c1")) == ["10.0.0.5", "2001:db8::5"])
        #expect(try scratch.leases("c3").isEmpty)
        #expect(try scratch.release("c1").count == 2)
        #expect(try scratch.release("c1").isEmpty)
        #expect(try scratch.leases("c2") == ["10.0.0.6"])
    }

    @Test func keepsItsIndexFromCallToCall() throws {
        try scratch.reserve("10.0.0.2", "c0")
        let index = try scratch.indexNumber()
        for number in 3..<20 {
            try scratch.reserve("10.0.0.\(number)", "c\(number)")
            #expect(try scratch.leases("c\(number)") == ["10.0.0.\(number)"])
            if number % 3 == 0 { try scratch.release("c\(number)") }
        }
        #expect(try scratch.indexNumber() == index)
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.30") == "10.0.0.3")
    }

    @Test func noticesWhatOthersDo() throws {
        try scratch.reserve("10.0.0.2", "c1")
        try scratch.directory.write("net/10.0.0.3", "c2\r\neth0")
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9") == "10.0.0.4")
        #expect(try scratch.leases("c2") == ["10.0.0.3"])
        #expect(File.isRegular("\(scratch.directory.path)/net/10.0.0.2"))
        try File.remove("\(scratch.directory.path)/net/10.0.0.2")
        #expect(try scratch.leases("c1").isEmpty)
        #expect(try scratch.reserve("10.0.0.2", "c3"))
    }

    @Test func noticesAnOwnerWrittenOverAnother() throws {
        try scratch.reserve("10.0.0.2", "c1")
        let path = "\(scratch.directory.path)/net/10.0.0.2"
        try File.overwrite(path, with: Array("xx".utf8))
        #expect(try scratch.leases("c1").isEmpty)
        #expect(try scratch.release("c1").isEmpty)
        #expect(File.isRegular(path))
    }

    @Test func releasesWhatOldVersionsLeasedToTheWholeContainer() throws {
        try scratch.directory.write("net/10.0.0.2", "c1")
        try scratch.directory.write("net/10.0.0.3", "c1\r\neth1")
        #expect(try scratch.release("c1") == ["10.0.0.2"])
        #expect(scratch.directory.names(in: "net") == ["10.0.0.3", "lock"])
    }

    @Test func releasesTheExactOwnersFirst() throws {
        try scratch.directory.write("net/10.0.0.2", "c1")
        try scratch.directory.write("net/10.0.0.3", "c1\r\neth0")
        #expect(try scratch.release("c1") == ["10.0.0.3"])
        #expect(try scratch.release("c1") == ["10.0.0.2"])
    }

    @Test func leavesAloneWhatIsNoLease() throws {
        try scratch.directory.write("net/10.0.0.2/inside", "c1\r\neth0")
        try scratch.directory.write("net/010.0.0.4", "c1\r\neth0")
        try scratch.directory.write("target", "c1\r\neth0")
        try FileManager.default.createSymbolicLink(
            atPath: "\(scratch.directory.path)/net/10.0.0.3", withDestinationPath: "\(scratch.directory.path)/target")
        #expect(try scratch.release("c1").isEmpty)
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9") == "10.0.0.4")
        #expect(try !scratch.reserve("10.0.0.3", "c2"))
        #expect(scratch.directory.contents("target") == "c1\r\neth0")
        #expect(scratch.directory.names(in: "net") == ["010.0.0.4", "10.0.0.2", "10.0.0.3", "lock"])
    }

    @Test func writesTheCursorThroughNoLink() throws {
        try scratch.directory.write("target", "10.0.0.9")
        try scratch.directory.write("net/lock", "")
        try FileManager.default.createSymbolicLink(
            atPath: "\(scratch.directory.path)/net/last_reserved_ip.0",
            withDestinationPath: "\(scratch.directory.path)/target")
        var store = try scratch.open()
        let none = try store.lastReserved(inSet: 0)
        #expect(none == nil)
        try store.setLastReserved(ScratchStore.address("10.0.0.2"), inSet: 0)
        let address = try store.lastReserved(inSet: 0)
        #expect(try address == ScratchStore.address("10.0.0.2"))
        #expect(scratch.directory.contents("target") == "10.0.0.9")
    }

    @Test func writesShorterCursorsOverLongerOnes() throws {
        var store = try scratch.open()
        for text in ["10.0.0.9", "10.0.0.10", "10.0.255.255", "10.1.0.0", "10.1.0.1"] {
            try store.setLastReserved(ScratchStore.address(text), inSet: 0)
            #expect(scratch.directory.contents("net/last_reserved_ip.0") == text)
        }
    }

    @Test func isBuiltWithHalfOfItsSlotsEmpty() {
        #expect(IndexHeader.capacity(for: 10) == 1 << 17)
        #expect(IndexHeader.capacity(for: 65_535) == 1 << 17)
        #expect(IndexHeader.capacity(for: 65_536) == 1 << 18)
    }

    @Test func remembersAddresses() throws {
        let store = try scratch.open()
        let (four, six) = (try ScratchStore.address("10.0.0.9"), try ScratchStore.address("2001:db8::9"))
        let memory = try store.addressMemory()
        try memory.remember(four, for: "default/web-0/eth0/0")
        try memory.remember(six, for: "default/web-0/eth0/1")
        func addresses(_ memory: borrowing AddressMemory) -> [IPAddress?] {
            ["default/web-0/eth0/0", "default/web-0/eth0/1", "default/web-1/eth0/0"].map { memory.address(of: $0) }
        }
        #expect(addresses(memory) == [four, six, nil])
        // Whatever became of the file: nothing is remembered, nothing fails.
        try File.overwrite("\(scratch.directory.path)/.net/pods", with: [UInt8](repeating: 0x55, count: 2 << 20))
        #expect(addresses(memory) == [nil, nil, nil])
    }

    @Test func waitsForTheLockNoLongerThanItMay() throws {
        let holder = try scratch.open()
        let start = MonotonicClock.milliseconds
        let error = try #require(throws: SystemError.self) { _ = try scratch.open(lockTimeout: 50) }
        #expect(MonotonicClock.milliseconds - start >= 50)
        #expect(error.code == .timedOut)
        let process = ProcessInfo.processInfo
        #expect(error.explanation?.hasPrefix("held by process \(process.processIdentifier) (") == true)
        #expect(error.subject == "\(scratch.directory.path)/net/lock")
        _ = consume holder
        _ = try scratch.open()
    }
}
