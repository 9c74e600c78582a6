package import Addressing

/// A UDP datagram in its IPv4 packet, as a packet socket sends and receives them: RFC 791, RFC 768.
package struct UDPDatagram: Hashable, Sendable {
    package let source: IPv4Address
    package let destination: IPv4Address
    package let sourcePort: UInt16
    package let destinationPort: UInt16
    package let payload: [UInt8]

    package init(
        from source: IPv4Address, _ sourcePort: UInt16, to destination: IPv4Address, _ destinationPort: UInt16,
        payload: [UInt8]
    ) {
        self.source = source
        self.destination = destination
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.payload = payload
    }

    private static let ipHeaderLength = 20
    private static let headerLength = 8
    /// IANA's number of UDP.
    private static let protocolNumber: UInt8 = 17

    /// The whole packet, with both checksums.
    package var packet: [UInt8] {
        let length = UInt16(clamping: Self.headerLength + payload.count)
        var datagram = sourcePort.networkBytes + destinationPort.networkBytes + length.networkBytes + [0, 0]
        datagram += payload
        let sum = InternetChecksum.sum(of: datagram, from: Self.pseudoHeaderSum(source, destination, length))
        // All zeros would mean that there is none.
        datagram.replaceSubrange(6..<8, with: (~sum == 0 ? UInt16.max : ~sum).networkBytes)

        let total = UInt16(clamping: Self.ipHeaderLength + datagram.count)
        var header: [UInt8] = [0x45, 0] + total.networkBytes
        // No identification, may not be fragmented, 64 hops.
        header += [0, 0, 0x40, 0, 64, Self.protocolNumber, 0, 0] + source.bytes + destination.bytes
        header.replaceSubrange(10..<12, with: (~InternetChecksum.sum(of: header)).networkBytes)
        return header + datagram
    }

    /// Takes a packet apart; nil for a fragment, a packet of another protocol, and one whose lengths or checksums are wrong.
    package init?(packet: [UInt8]) {
        guard packet.count >= Self.ipHeaderLength, packet[0] >> 4 == 4 else { return nil }
        let headerLength = Int(packet[0] & 0x0f) * 4
        let total = Int(packet.number(at: 2))
        guard headerLength >= Self.ipHeaderLength, total >= headerLength + Self.headerLength, total <= packet.count,
            packet.number(at: 6) & 0x3fff == 0, packet[9] == Self.protocolNumber,
            InternetChecksum.sum(of: Array(packet[..<headerLength])) == .max,
            let source = IPv4Address(bytes: Array(packet[12..<16]).span),
            let destination = IPv4Address(bytes: Array(packet[16..<20]).span)
        else { return nil }

        let datagram = Array(packet[headerLength..<total])
        let length = datagram.number(at: 4)
        guard Int(length) >= Self.headerLength, Int(length) <= datagram.count else { return nil }
        let bytes = Array(datagram.prefix(Int(length)))
        guard Self.isIntact(bytes, Self.pseudoHeaderSum(source, destination, length)) else { return nil }
        self.init(
            from: source, bytes.number(at: 0), to: destination, bytes.number(at: 2),
            payload: Array(bytes.dropFirst(Self.headerLength)))
    }

    /// Whether the checksum holds, where there is one.
    ///
    /// A packet that has not left this machine may come with the sum of the pseudo header alone, for the hardware to
    /// complete that it never reached.
    private static func isIntact(_ datagram: [UInt8], _ pseudoHeaderSum: UInt16) -> Bool {
        let checksum = datagram.number(at: 6)
        return checksum == 0 || checksum == pseudoHeaderSum
            || InternetChecksum.sum(of: datagram, from: pseudoHeaderSum) == .max
    }

    private static func pseudoHeaderSum(
        _ source: IPv4Address, _ destination: IPv4Address, _ length: UInt16
    ) -> UInt16 {
        InternetChecksum.sum(of: source.bytes + destination.bytes + [0, protocolNumber] + length.networkBytes)
    }
}

extension [UInt8] {
    /// The number of two bytes in network order; 0 beyond the end.
    fileprivate func number(at offset: Int) -> UInt16 {
        offset + 1 < count ? UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) : 0
    }
}

extension FixedWidthInteger {
    /// The number's bytes in network order.
    var networkBytes: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> Self($0)) }
    }
}
