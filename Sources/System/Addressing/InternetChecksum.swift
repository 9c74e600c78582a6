/// The checksum of IP, ICMP, UDP and TCP: RFC 1071.
package enum InternetChecksum {
    /// The sum in ones' complement of 16-bit words in network order, the last of which may lack its second byte.
    ///
    /// Its complement is the checksum; over data with a right checksum it is `0xffff`.
    ///
    /// - Parameters:
    ///   - bytes: what is summed.
    ///   - start: the sum of what goes before.
    /// - Returns: the sum, in host order.
    package static func sum(of bytes: [UInt8], from start: UInt16 = 0) -> UInt16 {
        var sum = UInt64(start)
        for (index, byte) in bytes.enumerated() { sum += UInt64(byte) << (index.isMultiple(of: 2) ? 8 : 0) }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return UInt16(truncatingIfNeeded: sum)
    }
}
