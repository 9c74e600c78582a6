/// The packet that begins an association: RFC 9260, section 3.3.2.
enum SCTPPacket {
    static let protocolNumber: CInt = 132

    static func initiation(from source: UInt16, to destination: UInt16) -> [UInt8] {
        var bytes = bigEndian(source) + bigEndian(destination)
        // A verification tag of zero, and room for the checksum.
        bytes += [UInt8](repeating: 0, count: 8)
        // INIT of 20 bytes: tag, window, streams out and in, first number.
        bytes += [1, 0] + bigEndian(UInt16(20)) + bigEndian(UInt32(0x1234_5678)) + bigEndian(UInt32(65536))
        bytes += bigEndian(UInt16(1)) + bigEndian(UInt16(1)) + bigEndian(UInt32(1))
        let checksum = crc32c(bytes)
        for index in 0..<4 { bytes[8 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
        return bytes
    }

    private static func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    /// RFC 9260, appendix A.
    private static func crc32c(_ bytes: [UInt8]) -> UInt32 {
        var remainder = UInt32.max
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82f6_3b78 : 0) }
        }
        return ~remainder
    }
}
