public import Addressing
public import LinuxSystem
public import RouteNetlink

/// Tells the neighbours on a link who has an address now, so that they forget who had it before.
public enum Announcement {
    /// Sends an ARP announcement (RFC 5227, section 2.3) or an unsolicited neighbour advertisement (RFC 4861, section
    /// 7.2.6) for each address.
    ///
    /// - Throws: the error of socket(2) or sendto(2).
    public static func send(
        _ addresses: [IPAddress], of link: Link, in namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        guard let mac = link.mac else { return }
        let socket = try namespace.run { () throws(SystemError) in try PacketSocket() }
        for address in addresses {
            switch address {
            case .v4(let address):
                try socket.send(
                    arp(address, at: mac), type: .arp, to: broadcast, interface: link.index.rawValue)
            case .v6(let address):
                try socket.send(
                    neighborAdvertisement(address, at: mac), type: .ipv6, to: allNodesMAC,
                    interface: link.index.rawValue)
            }
        }
    }

    private static let broadcast: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    /// Where frames to `ff02::1` go: RFC 2464, section 7.
    private static let allNodesMAC: [UInt8] = [0x33, 0x33, 0x00, 0x00, 0x00, 0x01]
    private static let allNodes: [UInt8] = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01]

    /// A request for the sender's own address: RFC 826.
    static func arp(_ address: IPv4Address, at mac: MACAddress) -> [UInt8] {
        let ethernet: [UInt8] = [0x00, 0x01]
        let ipv4: [UInt8] = [0x08, 0x00]
        let lengths: [UInt8] = [6, 4]
        let request: [UInt8] = [0x00, 0x01]
        return ethernet + ipv4 + lengths + request + mac.bytes + address.bytes
            + [UInt8](repeating: 0, count: 6) + address.bytes
    }

    /// An IPv6 packet with an advertisement that overrides what neighbours have cached.
    static func neighborAdvertisement(_ address: IPv6Address, at mac: MACAddress) -> [UInt8] {
        let override: [UInt8] = [0x20, 0, 0, 0]
        let targetLinkLayerAddress: [UInt8] = [2, 1] + mac.bytes
        let body = override + address.bytes + targetLinkLayerAddress
        let (type, code, icmpv6): (UInt8, UInt8, UInt8) = (136, 0, 58)
        let length = UInt8(4 + body.count)

        // The pseudo header of RFC 8200, section 8.1, is part of what is summed.
        let pseudoHeader = address.bytes + allNodes + [0, 0, 0, length, 0, 0, 0, icmpv6]
        let sum = checksum(pseudoHeader + [type, code, 0, 0] + body)
        let header: [UInt8] = [0x60, 0, 0, 0, 0, length, icmpv6, 255] + address.bytes + allNodes
        return header + [type, code, UInt8(sum >> 8), UInt8(sum & 0xff)] + body
    }

    /// The Internet checksum (RFC 1071) of an even number of bytes.
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count - 1, by: 2) {
            sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
        }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return ~UInt16(sum)
    }
}
