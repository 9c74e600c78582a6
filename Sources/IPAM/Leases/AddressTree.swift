import Addressing
import LinuxSystem

/// Which addresses are taken: a tree of bitmaps, 512 children a node, whose nodes are slots of a table.
///
/// A bit of a node on level 0 says that an address is taken, one on a higher level that a whole node below is. Only
/// nodes with a bit in them exist, so the tree takes space for what is taken and not for what could be, and the next
/// free address is found by going up while nodes are full and down again: a few reads, however many are taken.
struct AddressTree {
    let table: SlotTable
    let family: AddressFamily

    static let slotSize = 128

    private static let fanoutBits = 9
    private static let bitmapOffset = 32

    /// Marks an address as taken.
    ///
    /// - Returns: by how many nodes the tree has grown.
    func insert(_ address: IPAddress, in storage: borrowing IndexStorage) throws(SystemError) -> Int {
        var (child, level, growth) = (address.bits, 0, 0)
        while true {
            var node = try node(child >> Self.fanoutBits, level, storage)
            guard node.bitmap.insert(Self.bit(of: child)) else { return growth }
            if node.position == nil { growth += 1 }
            try store(node, storage)
            guard node.bitmap.isFull else { return growth }
            (child, level) = (node.number, level + 1)
        }
    }

    /// Marks an address as free.
    ///
    /// - Returns: by how many nodes the tree has shrunk.
    func remove(_ address: IPAddress, in storage: borrowing IndexStorage) throws(SystemError) -> Int {
        var (child, level, loss) = (address.bits, 0, 0)
        while true {
            var node = try node(child >> Self.fanoutBits, level, storage)
            let wasFull = node.bitmap.isFull
            guard node.bitmap.remove(Self.bit(of: child)) else { return loss }
            if node.bitmap.isEmpty { loss += 1 }
            try store(node, storage)
            guard wasFull else { return loss }
            (child, level) = (node.number, level + 1)
        }
    }

    /// The first free address of a range, nil when all are taken.
    func firstFree(in range: IPRange, in storage: borrowing IndexStorage) throws(SystemError) -> IPAddress? {
        var (child, level) = (range.first.bits, 0)
        while child <= range.last.bits >> (level * Self.fanoutBits) {
            let node = try node(child >> Self.fanoutBits, level, storage)
            guard let free = node.bitmap.firstZero(from: Self.bit(of: child)) else {
                (child, level) = (node.number + 1, level + 1)
                continue
            }
            child = node.number << Self.fanoutBits | UInt128(free)
            guard level > 0 else {
                return child <= range.last.bits ? IPAddress(family: family, bits: child) : nil
            }
            (child, level) = (child << Self.fanoutBits, level - 1)
        }
        return nil
    }

    /// How many addresses of a range are taken; takes a read for every 512 addresses.
    func count(in range: IPRange, in storage: borrowing IndexStorage) throws(SystemError) -> Int {
        var count = 0
        let (first, last) = (range.first.bits, range.last.bits)
        for number in (first >> Self.fanoutBits)...(last >> Self.fanoutBits) {
            let start = number << Self.fanoutBits
            let bitmap = try node(number, 0, storage).bitmap
            count += bitmap.count(
                from: Int(max(first, start) - start), through: Int(min(last - start, UInt128(Bitmap512.width - 1))))
        }
        return count
    }

    private struct Node {
        let level: Int
        let number: UInt128
        var bitmap: Bitmap512
        /// Nil for one that does not exist yet.
        let position: SlotTable.Position?
    }

    private static func bit(of child: UInt128) -> Int { Int(child & UInt128(Bitmap512.width - 1)) }

    private func node(
        _ number: UInt128, _ level: Int, _ storage: borrowing IndexStorage
    ) throws(SystemError) -> Node {
        let key = key(number, level)
        let found = try table.find(stableHash(key), in: storage) { $0[8..<Self.bitmapOffset].elementsEqual(key) }
        let bitmap = found.map { Bitmap512(bytes: $0.slot, at: Self.bitmapOffset) } ?? Bitmap512()
        return Node(level: level, number: number, bitmap: bitmap, position: found?.position)
    }

    private func store(_ node: Node, _ storage: borrowing IndexStorage) throws(SystemError) {
        let key = key(node.number, node.level)
        var slot: [UInt8] = []
        slot.append(integer: stableHash(key))
        slot += key + node.bitmap.bytes
        switch node.position {
        case let position? where node.bitmap.isEmpty: try table.remove(position, in: storage)
        case let position?: try table.replace(position, with: slot, in: storage)
        case nil: try table.insert(slot, in: storage)
        }
    }

    /// Family, level and number: what distinguishes a node.
    private func key(_ number: UInt128, _ level: Int) -> [UInt8] {
        var key: [UInt8] = []
        key.append(integer: number)
        key.append(integer: UInt32(truncatingIfNeeded: level))
        key.append(integer: UInt32(family == .v4 ? 4 : 6))
        return key
    }
}
