package import Addressing
package import LinuxSystem

/// Which address somebody had last, after the lease has ended.
///
/// A table of fixed size in which newer entries take the places of older ones; what it has forgotten costs nothing
/// but the old address.
package struct AddressMemory: ~Copyable {
    private let file: FileDescriptor

    private static let slotSize = 32
    private static let slotCount: UInt64 = 1 << 16

    init(file: consuming FileDescriptor) {
        self.file = file
    }

    /// The address that was remembered for a name, nil when none is.
    package func address(of name: String) -> IPAddress? {
        let hash = stableHash(name.utf8)
        guard let slot = try? file.read(count: Self.slotSize, at: Self.offset(of: hash)),
            slot.integer(at: 0) == hash, slot.integer(at: 28) == Self.checksum(slot)
        else { return nil }
        return IPAddress(family: slot.integer(at: 24, as: UInt8.self) == 4 ? .v4 : .v6, bits: slot.integer(at: 8))
    }

    /// - Throws: the error of pwrite(2).
    package func remember(_ address: IPAddress, for name: String) throws(SystemError) {
        let hash = stableHash(name.utf8)
        var slot: [UInt8] = []
        slot.append(integer: hash)
        slot.append(integer: address.bits)
        slot.append(integer: UInt32(address.family == .v4 ? 4 : 6))
        slot.append(integer: Self.checksum(slot))
        try file.write(slot.span, at: Self.offset(of: hash))
    }

    private static func offset(of hash: UInt64) -> Int { Int(hash % slotCount) * slotSize }

    private static func checksum(_ slot: [UInt8]) -> UInt32 { UInt32(truncatingIfNeeded: stableHash(slot.prefix(28))) }
}
