import Addressing
import Attachments
import Testing

@testable import Leases

struct LeaseRecordTests {
    private let boot = BootID(rawValue: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)

    private func lease(_ id: String = "c1", path: String? = "/run/netns/blue") throws -> Lease {
        Lease(
            address: try #require(IPAddress("2001:db8::5")), owner: Owner(containerID: id, interfaceName: "eth0"),
            life: path.map { ProofOfLife(boot: boot, namespacePath: $0, namespaceInode: 4_026_532_000) })
    }

    /// As a table hands it out.
    private func full(_ slot: [UInt8]) throws -> [UInt8] { try #require(slot.padded(to: LeaseRecord.slotSize)) }

    @Test func isReadAsItWasWritten() throws {
        let lease = try lease()
        let slot = LeaseRecord(lease).slot
        #expect(slot.count <= SlotTable.room(in: LeaseRecord.slotSize))
        let record = try #require(LeaseRecord(slot: full(slot)))
        #expect(record.address == lease.address)
        #expect(record.contents == Array("c1\r\neth0".utf8))
        #expect(record.life == lease.life)
        #expect(record.ownerHash == LeaseRecord.hash(of: lease.owner))
    }

    @Test func leavesOutAPathThatIsTooLong() throws {
        let lease = try lease(path: String(repeating: "p", count: 300))
        let record = try #require(LeaseRecord(slot: full(LeaseRecord(lease).slot)))
        #expect(record.life == nil)
        #expect(record.contents == Array("c1\r\neth0".utf8))
    }

    @Test func leavesOutAnOwnerThatIsTooLong() throws {
        let lease = try lease(String(repeating: "c", count: 250))
        let record = try #require(LeaseRecord(slot: full(LeaseRecord(lease).slot)))
        #expect(record.contents.isEmpty)
        #expect(record.mayBelong(to: lease.owner))
        #expect(record.life == lease.life)
    }

    @Test func isNotReadOutOfOtherBytes() throws {
        #expect(LeaseRecord(slot: []) == nil)
        #expect(LeaseRecord(slot: [UInt8](repeating: 0xff, count: LeaseRecord.slotSize)) == nil)
    }

    @Test func knowsTheBeginningOfItsFile() throws {
        let record = LeaseRecord(try lease())
        #expect(record.begins(with: nil))
        #expect(record.begins(with: Owner(containerID: "c", interfaceName: nil)))
        #expect(record.begins(with: Owner(containerID: "c1", interfaceName: "et")))
        #expect(!record.begins(with: Owner(containerID: "c1", interfaceName: "eth0")))
        #expect(!record.begins(with: Owner(containerID: "c2", interfaceName: nil)))
    }
}
