import Addressing
import Attachments
import LinuxSystem

/// What the index knows of a lease: a slot of a table, found by its owner's hash.
struct LeaseRecord {
    let address: IPAddress
    /// The lease file's bytes; empty where they are too many for a slot.
    let contents: [UInt8]
    let ownerHash: UInt64
    let life: ProofOfLife?
    let mark: LeaseMark?

    static let slotSize = 256

    private static let textOffset = 88
    private static let size = SlotTable.room(in: slotSize)

    init(_ lease: Lease) {
        address = lease.address
        life = lease.life
        mark = lease.mark
        let contents = lease.owner.leaseFile
        ownerHash = Self.hash(of: lease.owner)
        self.contents = Self.textOffset + contents.count <= Self.size ? contents : []
    }

    /// Reads a slot; nil for one that is no record.
    init?(slot: [UInt8]) {
        ownerHash = slot.integer(at: 0)
        let family: AddressFamily = slot.integer(at: 8, as: UInt8.self) == 4 ? .v4 : .v6
        let contentsLength = Int(slot.integer(at: 9, as: UInt8.self))
        let pathLength = Int(slot.integer(at: 10, as: UInt8.self))
        let path = Self.textOffset + contentsLength
        guard slot.count == Self.slotSize, path + pathLength <= Self.size,
            let address = IPAddress(family: family, bits: slot.integer(at: 16))
        else { return nil }
        self.address = address
        contents = Array(slot[Self.textOffset..<path])
        life =
            pathLength == 0
            ? nil
            : ProofOfLife(
                boot: Boot(
                    BootID(rawValue: slot.integer(at: 32)),
                    on: MachineID(stored: slot.integer(at: 48))),
                namespacePath: String(decoding: slot[path..<path + pathLength], as: UTF8.self),
                namespaceInode: slot.integer(at: 56))
        let time = FileTime(seconds: slot.integer(at: 72), nanoseconds: Int(slot.integer(at: 80, as: UInt32.self)))
        mark = time.nanoseconds == 0 ? nil : LeaseMark(inode: slot.integer(at: 64), time: time)
    }

    /// The bytes of a slot; a namespace path that does not fit is left out, and the lease kept when in doubt.
    var slot: [UInt8] {
        let path = life.map { Array($0.namespacePath.utf8) } ?? []
        let fits = !path.isEmpty && path.count <= Self.size - Self.textOffset - contents.count
        var slot: [UInt8] = []
        slot.append(integer: ownerHash)
        slot.append(address.family == .v4 ? 4 : 6)
        slot.append(UInt8(clamping: contents.count))
        slot.append(fits ? UInt8(clamping: path.count) : 0)
        slot = slot.padded(to: 16) ?? slot
        slot.append(integer: address.bits)
        slot.append(integer: fits ? life?.boot.id.rawValue ?? 0 : 0)
        slot.append(integer: fits ? life?.boot.machine?.rawValue ?? 0 : 0)
        slot.append(integer: fits ? life?.namespaceInode ?? 0 : 0)
        slot.append(integer: mark?.inode ?? 0)
        slot.append(integer: mark?.time.seconds ?? 0)
        slot.append(integer: UInt32(clamping: mark?.time.nanoseconds ?? 0))
        slot = slot.padded(to: Self.textOffset) ?? slot
        slot += contents + (fits ? path : [])
        return slot
    }

    /// The hash that an owner's records are found by.
    static func hash(of owner: Owner) -> UInt64 { stableHash(owner.leaseFile) }

    /// Whether this can be a lease of an owner, which only the lease file itself tells.
    func mayBelong(to owner: Owner) -> Bool { contents.isEmpty || contents == owner.leaseFile }

    /// Whether this was written about the file that carries a mark, and not about an earlier one of the same lease.
    func vouches(for mark: LeaseMark?) -> Bool { mark != nil && mark == self.mark }

    /// Whether the file with this owner and mark has lost the end of the bytes that were written to it.
    func isLonger(than owner: Owner, _ mark: LeaseMark?) -> Bool {
        let beginning = owner.leaseFile
        return vouches(for: mark) && beginning.count < contents.count && contents.starts(with: beginning)
    }
}
