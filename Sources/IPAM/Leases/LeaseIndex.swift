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
    /// - Throws: the error of openat(2); `EBADMSG` when it is none to be trusted.
    static func open(
        _ name: String, in directory: borrowing Directory, boot: BootID, stamp: FileTime
    ) throws(SystemError) -> LeaseIndex {
        let index = try open(name, in: directory)
        guard index.header.boot.id == boot, index.header.stamp == stamp else { throw .damagedIndex }
        return index
    }

    /// Opens an index whose records may be taken over into another one, each on its own merits.
    ///
    /// - Throws: the error of openat(2); `EBADMSG` when it is none.
    static func open(_ name: String, in directory: borrowing Directory) throws(SystemError) -> LeaseIndex {
        let file = try directory.open(name, O_RDWR)
        let header = try IndexHeader(reading: file)
        return LeaseIndex(storage: .file(file), header: header)
    }

    private init(storage: consuming IndexStorage, header: IndexHeader) {
        self.storage = storage
        self.header = header
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

    /// The records of an owner.
    func records(of owner: Owner) throws(SystemError) -> [LeaseRecord] {
        try search(owner).map(\.record)
    }

    /// The records of all leases, as far as they check.
    func records() throws(SystemError) -> [IPAddress: LeaseRecord] {
        var records: [IPAddress: LeaseRecord] = [:]
        try header.owners.forEach(in: storage, passingOverDamage: true) { slot in
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

    /// Forgets leases; nothing happens with those that are not known.
    mutating func remove(_ leases: [Lease]) throws(SystemError) {
        for (owner, leases) in Dictionary(grouping: leases, by: \.owner) {
            try remove(Set(leases.map(\.address)), of: owner)
        }
    }

    /// Forgets leases of one owner, which takes one search whatever their number.
    mutating func remove(_ addresses: Set<IPAddress>, of owner: Owner) throws(SystemError) {
        // The last first, so that the others' positions stay what they are.
        for (position, record) in try search(owner).reversed() where addresses.contains(record.address) {
            try header.owners.remove(position, in: storage)
            header.leaseCount -= 1
            if let life = record.life, life.boot.isOver(in: header.boot) { header.earlierBootCount -= 1 }
            header.nodeCount -= try tree(record.address.family).remove(record.address, in: storage)
        }
    }

    func firstFree(in range: IPRange) throws(SystemError) -> IPAddress? {
        try tree(range.family).firstFree(in: range, in: storage)
    }

    /// How many addresses of some ranges of one family are taken, which must be apart from each other.
    func count(in ranges: [IPRange]) throws(SystemError) -> Int {
        guard let family = ranges.first?.family else { return 0 }
        return try tree(family).count(in: ranges, ofNodes: header.nodeCount, in: storage)
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

    private typealias Found = (position: SlotTable.Position, record: LeaseRecord)

    /// The records of an owner, in the order of their positions.
    private func search(_ owner: Owner) throws(SystemError) -> [Found] {
        var found: [Found] = []
        try header.owners.search(LeaseRecord.hash(of: owner), in: storage) { position, slot in
            if let record = LeaseRecord(slot: slot), record.mayBelong(to: owner) { found.append((position, record)) }
            return true
        }
        return found
    }
}

extension SystemError {
    /// What is read of an index is not what was written.
    static var damagedIndex: SystemError { SystemError("read lease index", nil, .badMessage) }
}
