import Addressing

/// Sums that are put together of parts.
extension InternetChecksum {
    static func sum(_ left: UInt16, _ right: UInt16) -> UInt16 {
        let (sum, carry) = left.addingReportingOverflow(right)
        return carry ? sum &+ 1 : sum
    }

    /// What goes before TCP and UDP: RFC 9293, section 3.1.
    static func pseudoHeader(_ packet: IPv4Packet, length: Int) -> UInt16 {
        let (source, destination) = (packet.source, packet.destination)
        let addresses = (source >> 16 &+ source & 0xffff) &+ (destination >> 16 &+ destination & 0xffff)
        return fold(addresses &+ UInt32(packet.protocolNumber) &+ UInt32(truncatingIfNeeded: length & 0xffff))
    }

    /// A checksum after one word that it covers has changed: RFC 1624, equation 3.
    static func updated(_ checksum: UInt16, _ old: UInt16, _ new: UInt16) -> UInt16 {
        ~sum(sum(~checksum, ~old), new)
    }

    private static func fold(_ sum: UInt32) -> UInt16 {
        let once = sum & 0xffff &+ sum >> 16
        return UInt16(truncatingIfNeeded: once & 0xffff &+ once >> 16)
    }
}
