import Addressing
import Glibc

/// A request for an echo, and the reply to it: RFC 792 for IPv4, RFC 4443 section 4 for IPv6.
struct EchoMessage: Hashable {
    let family: AddressFamily
    let isReply: Bool
    /// What tells a reply which request it is to; the protocol's identifier and sequence number in one.
    let number: UInt32

    /// Type, code, checksum and number.
    static let headerLength = 8

    /// The bytes in front of the message in a packet.
    static func overhead(_ family: AddressFamily) -> Int { family == .v4 ? 20 : 40 }

    /// The protocol that carries it.
    static func protocolNumber(_ family: AddressFamily) -> CInt {
        CInt(family == .v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
    }

    private static func type(_ family: AddressFamily, isReply: Bool) -> UInt8 {
        switch family {
        case .v4: isReply ? 0 : 8
        case .v6: isReply ? 129 : 128
        }
    }

    /// The message, filled up with zeros; the checksum of IPv6, which covers addresses too, is left to the kernel.
    func bytes(length: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(length, Self.headerLength))
        bytes[0] = Self.type(family, isReply: isReply)
        for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * index)) }
        if family == .v4 {
            let checksum = ~InternetChecksum.sum(of: bytes)
            bytes[2] = UInt8(truncatingIfNeeded: checksum >> 8)
            bytes[3] = UInt8(truncatingIfNeeded: checksum)
        }
        return bytes
    }
}

extension EchoMessage {
    init(_ family: AddressFamily, requesting number: UInt32) {
        self.init(family: family, isReply: false, number: number)
    }

    /// Reads what a raw socket received, which in IPv4 begins with the packet's header; nil for other messages.
    init?(_ family: AddressFamily, received packet: Span<UInt8>) {
        guard !packet.isEmpty else { return nil }
        let start = family == .v4 ? Int(packet[0] & 0x0f) * 4 : 0
        guard packet.count >= start + Self.headerLength else { return nil }
        switch packet[start] {
        case Self.type(family, isReply: true): isReply = true
        case Self.type(family, isReply: false): isReply = false
        default: return nil
        }
        self.family = family
        number = (4..<8).reduce(0) { $0 << 8 | UInt32(packet[start + $1]) }
    }
}
