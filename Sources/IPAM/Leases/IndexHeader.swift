import LinuxSystem

/// The first page of an index.
struct IndexHeader {
    let boot: Boot
    /// Slots in each of the two tables.
    let capacity: Int
    /// What the directory of leases is marked with while the index is in step with it.
    var stamp = Self.unsealed
    var leaseCount = 0
    /// Nodes of the address tree.
    var nodeCount = 0
    var earlierBootCount = 0
    /// Milliseconds of the monotonic clock.
    var builtAt = 0

    /// A time stamp that no directory carries.
    static let unsealed = FileTime(seconds: 0, nanoseconds: -1)

    private static let magic: UInt64 = 0x2_5345_5341_454c
    private static let size = 4096
    private static let usedSize = 88
    /// The file is sparse, so large tables cost nothing: a /16 fits without ever being built again for its size.
    private static let smallestCapacity = 1 << 17
    private static let largestCapacity = 1 << 28

    init(boot: Boot, capacity: Int) {
        self.boot = boot
        self.capacity = capacity
    }

    /// How many slots keep half of the tables empty.
    static func capacity(for leases: Int) -> Int {
        var capacity = smallestCapacity
        while capacity < largestCapacity, capacity <= 2 * leases { capacity *= 2 }
        return capacity
    }

    /// - Throws: the error of pread(2); `EBADMSG` when the file does not begin with a header, or has not the size that
    ///   this tells.
    init(reading file: borrowing FileDescriptor) throws(SystemError) {
        let bytes = try file.read(count: Self.usedSize, at: 0)
        let capacity: Int = bytes.integer(at: 24)
        guard bytes.count == Self.usedSize, bytes.integer(at: 0) == Self.magic,
            bytes.integer(at: 80) == stableHash(bytes[..<80]),
            Self.smallestCapacity...Self.largestCapacity ~= capacity, capacity.nonzeroBitCount == 1
        else { throw .damagedIndex }
        boot = Boot(BootID(rawValue: bytes.integer(at: 8)), on: MachineID(stored: bytes.integer(at: 72)))
        self.capacity = capacity
        stamp = FileTime(seconds: bytes.integer(at: 32), nanoseconds: bytes.integer(at: 40, as: Int.self))
        leaseCount = Int(bytes.integer(at: 48, as: UInt32.self))
        nodeCount = Int(bytes.integer(at: 52, as: UInt32.self))
        earlierBootCount = Int(bytes.integer(at: 56, as: UInt32.self))
        builtAt = bytes.integer(at: 64)
        guard try file.status().size == fileSize else { throw .damagedIndex }
    }

    /// What is written at the beginning of the file, less than a sector.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(integer: Self.magic)
        bytes.append(integer: boot.id.rawValue)
        bytes.append(integer: capacity)
        bytes.append(integer: stamp.seconds)
        bytes.append(integer: stamp.nanoseconds)
        bytes.append(integer: UInt32(clamping: leaseCount))
        bytes.append(integer: UInt32(clamping: nodeCount))
        bytes.append(integer: UInt32(clamping: earlierBootCount))
        bytes.append(integer: UInt32(0))
        bytes.append(integer: builtAt)
        bytes.append(integer: boot.machine?.rawValue ?? 0)
        bytes.append(integer: stableHash(bytes))
        return bytes
    }

    /// Records of leases, found by their owners.
    var owners: SlotTable {
        SlotTable(offset: Self.size, slotSize: LeaseRecord.slotSize, capacity: capacity)
    }

    /// Nodes of the address trees.
    var nodes: SlotTable {
        SlotTable(offset: owners.end, slotSize: AddressTree.slotSize, capacity: capacity)
    }

    /// Bytes, holes included.
    var fileSize: Int { nodes.end }
}
