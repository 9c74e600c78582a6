import Addressing
import Attachments

/// What the index knows of a lease: a slot of a table, found by its owner's hash.
struct LeaseRecord {
    let address: IPAddress
    /// The lease file's bytes; empty where they are too many for a slot.
    let contents: [UInt8]
    let ownerHash: UInt64
    let life: ProofOfLife?

    static let slotSize = 256

    private static let textOffset = 64
    private static let size = SlotTable.room(in: slotSize)

    init(_ lease: Lease) {
        address = lease.address
        life = lease.life
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
                boot: BootID(rawValue: slot.integer(at: 32)),
                namespacePath: String(decoding: slot[path..<path + pathLength], as: UTF8.self),
                namespaceInode: slot.integer(at: 48))
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
        slot.append(integer: fits ? life?.boot.rawValue ?? 0 : 0)
        slot.append(integer: fits ? life?.namespaceInode ?? 0 : 0)
        slot.append(integer: UInt64(0))
        slot += contents + (fits ? path : [])
        return slot
    }

    /// The hash that an owner's records are found by.
    static func hash(of owner: Owner) -> UInt64 { stableHash(owner.leaseFile) }

    /// Whether this can be a lease of an owner, which only the lease file itself tells.
    func mayBelong(to owner: Owner) -> Bool { contents.isEmpty || contents == owner.leaseFile }

    /// Whether a lease file has only the beginning of this lease's bytes; nil for an empty one.
    func begins(with owner: Owner?) -> Bool {
        let beginning = owner?.leaseFile ?? []
        return beginning.count < contents.count && contents.starts(with: beginning)
    }
}
