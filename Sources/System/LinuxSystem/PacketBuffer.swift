import CLinux
import Glibc

/// A block of memory for packets, which system calls fill and empty in place.
///
/// Offsets come out of packets, so nothing here traps: what lies outside reads as zeros and is not written.
@safe package struct PacketBuffer: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer

    /// Makes a buffer of zeros.
    package init(count: Int) {
        unsafe memory = .allocate(byteCount: max(count, 0), alignment: 64)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { unsafe memory.deallocate() }

    /// Bytes.
    package var count: Int { unsafe memory.count }

    /// Whether a part lies inside.
    private func contains(_ offset: Int, _ count: Int) -> Bool {
        unsafe offset >= 0 && count >= 0 && offset <= memory.count && count <= memory.count - offset
    }

    // MARK: Numbers, in network order

    package func uint8(at offset: Int) -> UInt8 {
        contains(offset, 1) ? unsafe memory[offset] : 0
    }

    package func uint16(at offset: Int) -> UInt16 {
        contains(offset, 2)
            ? UInt16(bigEndian: unsafe memory.loadUnaligned(fromByteOffset: offset, as: UInt16.self)) : 0
    }

    package func uint32(at offset: Int) -> UInt32 {
        contains(offset, 4)
            ? UInt32(bigEndian: unsafe memory.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) : 0
    }

    package mutating func store(_ value: UInt8, at offset: Int) {
        guard contains(offset, 1) else { return }
        unsafe memory[offset] = value
    }

    package mutating func store(_ value: UInt16, at offset: Int) {
        guard contains(offset, 2) else { return }
        unsafe memory.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    package mutating func store(_ value: UInt32, at offset: Int) {
        guard contains(offset, 4) else { return }
        unsafe memory.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    // MARK: Bytes

    /// Copies bytes from another buffer; nothing where they do not lie in both.
    package mutating func copy(_ count: Int, from other: borrowing PacketBuffer, at source: Int, to offset: Int) {
        guard contains(offset, count), other.contains(source, count), count > 0 else { return }
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + count])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: other.memory[source..<source + count]))
    }

    /// Copies bytes in; nothing where they do not fit.
    package mutating func copy(_ bytes: Span<UInt8>, to offset: Int) {
        guard contains(offset, bytes.count) else { return }
        for index in bytes.indices { unsafe memory[offset + index] = bytes[index] }
    }

    /// A copy of the bytes of a part; empty where it does not lie inside.
    package func bytes(at offset: Int, count: Int) -> [UInt8] {
        contains(offset, count) ? unsafe Array(memory[offset..<offset + count]) : []
    }

    /// Whether the bytes of two parts are the same.
    package func isSame(_ count: Int, at first: Int, as second: Int) -> Bool {
        guard contains(first, count), contains(second, count), count > 0 else { return count == 0 }
        guard let base = unsafe memory.baseAddress else { return false }
        return unsafe memcmp(base + first, base + second, count) == 0
    }

    /// The sum in ones' complement of the 16-bit words of a part, the last byte of an odd count followed by zero: what
    /// RFC 1071 makes a checksum of.
    package func onesComplementSum(at offset: Int, count: Int) -> UInt16 {
        guard contains(offset, count) else { return 0 }
        // In whatever order the bytes of a word are summed, the result is in that order: RFC 1071, section 2(B). Words of
        // 32 bits are twice the number of 16, and the carries stay in the upper half.
        var sum: UInt64 = 0
        let words = count / 4
        unsafe withUnsafe(offset, words * 4) { pointer in
            for word in 0..<words {
                unsafe sum &+= UInt64(pointer.loadUnaligned(fromByteOffset: word &* 4, as: UInt32.self))
            }
        }
        var place = offset + words * 4
        if count & 2 != 0 {
            unsafe sum &+= UInt64(memory.loadUnaligned(fromByteOffset: place, as: UInt16.self))
            place += 2
        }
        if count & 1 != 0 { sum &+= UInt64(UInt16(bigEndian: UInt16(unsafe memory[place]) << 8)) }
        sum = sum & 0xffff_ffff &+ sum >> 32
        while sum > 0xffff { sum = sum & 0xffff &+ sum >> 16 }
        return UInt16(bigEndian: UInt16(truncatingIfNeeded: sum))
    }

    private func withUnsafe(_ offset: Int, _ count: Int, _ body: (UnsafeRawPointer) -> Void) {
        guard count > 0, let base = unsafe memory.baseAddress else { return }
        unsafe body(UnsafeRawPointer(base + offset))
    }

    // MARK: System calls

    /// A part of a buffer.
    package struct Piece: Hashable, Sendable {
        package var offset: Int
        package var count: Int

        package init(at offset: Int, count: Int) {
            self.offset = offset
            self.count = count
        }
    }

    /// What a part is to a system call; nothing where it does not lie inside.
    func vector(_ piece: Piece) -> iovec {
        guard contains(piece.offset, piece.count), let base = unsafe memory.baseAddress else { return unsafe iovec() }
        return unsafe iovec(iov_base: base + piece.offset, iov_len: piece.count)
    }
}
