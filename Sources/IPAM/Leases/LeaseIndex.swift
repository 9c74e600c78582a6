import Addressing
import Attachments
import Glibc
import LinuxSystem

/// What makes the store fast: leases by owner, and free addresses, in one file that could be lost any time.
///
/// It is trusted only in the boot that wrote it, and only while the directory of leases carries the time stamp that
/// was set when the index was last in step with it. So nothing of it is ever synced: a crash, a power loss or another
/// program in the directory makes it worthless, and it is built again. So does a byte that is not what was written,
/// which whoever reads it is told of by `EBADMSG`.
struct LeaseIndex: ~Copyable {
    private let storage: IndexStorage
    private var header: IndexHeader

    /// Opens an index that fits the directory of leases as it is.
    ///
    /// - Returns: nil when there is none, or none to be trusted.
    static func open(
        _ name: String, in directory: borrowing Directory, boot: BootID, stamp: FileTime
    ) -> LeaseIndex? {
        guard let index = open(name, in: directory), index.header.boot.id == boot, index.header.stamp == stamp else {
            return nil
        }
        return index
    }

    /// Opens an index whose records may be taken over into another one, each on its own merits.
    static func open(_ name: String, in directory: borrowing Directory) -> LeaseIndex? {
        guard let file = try? directory.open(name, O_RDWR), let header = IndexHeader.read(from: file) else {
            return nil
        }
        return LeaseIndex(storage: .file(file), header: header)
    }

    /// Makes an empty index.
    ///
    /// - Parameters:
    ///   - storage: without bytes.
    ///   - expected: how many leases it is to hold, at least.
    ///   - boot: the current boot.
    /// - Throws: the error of ftruncate(2) or pwrite(2).
    init(in storage: consuming IndexStorage, expecting expected: Int, boot: Boot) throws(SystemError) {
        header = IndexHeader(boot: boot, capacity: IndexHeader.capacity(for: expected))
        try storage.resize(to: header.fileSize)
        try header.owners.clear(in: storage)
        try header.nodes.clear(in: storage)
        try storage.write(header.bytes, at: 0)
        self.storage = storage
    }

    private init(storage: consuming IndexStorage, header: IndexHeader) {
        self.storage = storage
        self.header = header
    }

    /// The boot that it was written in.
    var boot: Boot { header.boot }
    /// How many leases there are.
    var count: Int { header.leaseCount }
    /// How many leases with a proof of life are from earlier boots of this machine.
    var earlierBootCount: Int { header.earlierBootCount }
    /// When the directory was last read as a whole, on the monotonic clock.
    var builtAt: Int { header.builtAt }

    /// Whether another lease would make the tables slow.
    var isCrowded: Bool { 2 * max(header.leaseCount, header.nodeCount) >= header.capacity }

    /// Whether it was written in another boot.
    func isEarlier(than boot: Boot) -> Bool { header.boot.id != boot.id }

    /// The record of one lease of an owner.
    func record(of address: IPAddress, _ owner: Owner) throws(SystemError) -> LeaseRecord? {
        try find(owner) { $0.address == address }?.record
    }

    /// The records of an owner.
    func records(of owner: Owner) throws(SystemError) -> [LeaseRecord] {
        var records: [LeaseRecord] = []
        // The search goes through all of them without finding one.
        _ = try find(owner) { record in
            records.append(record)
            return false
        }
        return records
    }

    /// The records of all leases.
    func records() throws(SystemError) -> [IPAddress: LeaseRecord] {
        var records: [IPAddress: LeaseRecord] = [:]
        try header.owners.forEach(in: storage) { (slot) throws(SystemError) in
            if let record = LeaseRecord(slot: slot) { records[record.address] = record }
        }
        return records
    }

    mutating func insert(_ lease: Lease) throws(SystemError) {
        try header.owners.insert(LeaseRecord(lease).slot, in: storage)
        header.leaseCount += 1
        if let life = lease.life, life.boot.isOver(in: header.boot) { header.earlierBootCount += 1 }
        try occupy(lease.address)
    }

    /// Marks an address as taken by nobody known.
    mutating func occupy(_ address: IPAddress) throws(SystemError) {
        header.nodeCount += try tree(address.family).insert(address, in: storage)
    }

    /// Forgets a lease; nothing happens when it is not known.
    mutating func remove(_ address: IPAddress, of owner: Owner) throws(SystemError) {
        guard let found = try find(owner, where: { $0.address == address }) else { return }
        try header.owners.remove(found.position, in: storage)
        header.leaseCount -= 1
        if let life = found.record.life, life.boot.isOver(in: header.boot) { header.earlierBootCount -= 1 }
        header.nodeCount -= try tree(address.family).remove(address, in: storage)
    }

    func firstFree(in range: IPRange) throws(SystemError) -> IPAddress? {
        try tree(range.family).firstFree(in: range, in: storage)
    }

    /// How many addresses of a range are taken; takes a read for every 512 addresses.
    func count(in range: IPRange) throws(SystemError) -> Int {
        try tree(range.family).count(in: range, in: storage)
    }

    /// Says that all of the directory is in the index now.
    mutating func completeBuilding() {
        header.builtAt = MonotonicClock.milliseconds
    }

    /// Whether it says of itself that it is in step with the directory, as it does between two calls.
    var isSealed: Bool { header.stamp != IndexHeader.unsealed }

    /// Says that the index is in step with the directory, which carries this time stamp.
    func seal(_ stamp: FileTime) throws(SystemError) {
        var header = header
        header.stamp = stamp
        try storage.write(header.bytes, at: 0)
    }

    /// Takes that back, which comes before any change.
    mutating func unseal() throws(SystemError) {
        guard isSealed else { return }
        header.stamp = IndexHeader.unsealed
        try storage.write(header.bytes, at: 0)
    }

    private func tree(_ family: AddressFamily) -> AddressTree {
        AddressTree(table: header.nodes, family: family)
    }

    private func find(
        _ owner: Owner, where isRight: (LeaseRecord) -> Bool
    ) throws(SystemError) -> (position: SlotTable.Position, record: LeaseRecord)? {
        var record: LeaseRecord?
        let found = try header.owners.find(LeaseRecord.hash(of: owner), in: storage) { slot in
            guard let candidate = LeaseRecord(slot: slot), candidate.mayBelong(to: owner), isRight(candidate) else {
                return false
            }
            record = candidate
            return true
        }
        guard let found, let record else { return nil }
        return (found.position, record)
    }
}
