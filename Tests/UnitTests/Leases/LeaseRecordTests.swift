import Addressing
import Attachments
import LinuxSystem
import Testing

@testable import Leases

struct LeaseRecordTests {
    private let boot = Boot(
        BootID(rawValue: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef), on: MachineID(rawValue: 0xfedc_ba98_7654_3210))
    private let mark = LeaseMark(inode: 1_234_567, time: FileTime(seconds: 1_700_000_000, nanoseconds: 999_999_999))

    private func lease(_ id: String = "c1", path: String? = "/run/netns/blue") throws -> Lease {
        Lease(
            address: try #require(IPAddress("2001:db8::5")), owner: Owner(containerID: id, interfaceName: "eth0"),
            life: path.map { ProofOfLife(boot: boot, namespacePath: $0, namespaceInode: 4_026_532_000) }, mark: mark)
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
        #expect(record.mark == mark)
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
        #expect(record.isLonger(than: Owner(containerID: "c", interfaceName: nil), mark))
        #expect(record.isLonger(than: Owner(containerID: "c1", interfaceName: "et"), mark))
        #expect(!record.isLonger(than: Owner(containerID: "c1", interfaceName: "eth0"), mark))
        #expect(!record.isLonger(than: Owner(containerID: "c2", interfaceName: nil), mark))
    }

    @Test func vouchesForOneFile() throws {
        let record = LeaseRecord(try lease())
        #expect(record.vouches(for: mark))
        let others = [
            LeaseMark(inode: mark.inode + 1, time: mark.time),
            LeaseMark(inode: mark.inode, time: FileTime(seconds: mark.time.seconds, nanoseconds: 1)),
            LeaseMark(inode: mark.inode, time: FileTime(seconds: 1, nanoseconds: mark.time.nanoseconds)), nil,
        ]
        for other in others {
            #expect(!record.vouches(for: other))
            #expect(!record.isLonger(than: Owner(containerID: "c", interfaceName: nil), other))
        }
        let lease = try lease()
        let unmarked = Lease(address: lease.address, owner: lease.owner, life: lease.life, mark: nil)
        #expect(!(try #require(LeaseRecord(slot: full(LeaseRecord(unmarked).slot))).vouches(for: nil)))
    }
}
