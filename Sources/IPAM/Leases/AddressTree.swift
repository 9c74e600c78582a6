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

    /// How many addresses of some ranges are taken.
    ///
    /// - Parameters:
    ///   - ranges: of the tree's family, in any order, and apart from each other.
    ///   - total: how many nodes the table has. Where the ranges have room for more, which in IPv6 they have by far, it
    ///     is the nodes that are gone through and not the ranges.
    ///   - storage: where the tree is.
    /// - Returns: their number.
    /// - Throws: the error of reading.
    func count(
        in ranges: [IPRange], ofNodes total: Int, in storage: borrowing IndexStorage
    ) throws(SystemError) -> Int {
        var (nodes, overflow): (UInt128, Bool) = (0, false)
        for range in ranges where !overflow {
            (nodes, overflow) = nodes.addingReportingOverflow(Self.last(range) - Self.first(range) + 1)
        }
        var count = 0
        if !overflow && nodes <= UInt128(max(0, total)) {
            for range in ranges {
                for number in Self.first(range)...Self.last(range) {
                    count += try node(number, 0, storage).count(in: range)
                }
            }
        } else {
            let sorted = ranges.sorted { $0.first < $1.first }
            try table.forEach(in: storage) { slot in
                guard let node = leaf(slot) else { return }
                var (low, high) = (0, sorted.count)
                while low < high {
                    let middle = (low + high) / 2
                    if Self.last(sorted[middle]) < node.number { low = middle + 1 } else { high = middle }
                }
                for range in sorted[low...].prefix(while: { Self.first($0) <= node.number }) {
                    count += node.count(in: range)
                }
            }
        }
        return count
    }

    /// The numbers of the nodes on level 0 where a range begins and ends.
    private static func first(_ range: IPRange) -> UInt128 { range.first.bits >> fanoutBits }
    private static func last(_ range: IPRange) -> UInt128 { range.last.bits >> fanoutBits }

    private struct Node {
        let level: Int
        let number: UInt128
        var bitmap: Bitmap512
        /// Nil for one that does not exist yet.
        let position: SlotTable.Position?

        /// How many addresses of a range are taken, for a node on level 0.
        func count(in range: IPRange) -> Int {
            let start = number << AddressTree.fanoutBits
            let end = start + UInt128(Bitmap512.width - 1)
            let (first, last) = (max(range.first.bits, start), min(range.last.bits, end))
            return first <= last ? bitmap.count(from: Int(first - start), through: Int(last - start)) : 0
        }
    }

    /// Reads a node of level 0 of this family; nil for another one.
    private func leaf(_ slot: [UInt8]) -> Node? {
        let number: UInt128 = slot.integer(at: 8)
        guard slot[8..<Self.bitmapOffset].elementsEqual(key(number, 0)) else { return nil }
        return Node(level: 0, number: number, bitmap: Bitmap512(bytes: slot, at: Self.bitmapOffset), position: nil)
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
