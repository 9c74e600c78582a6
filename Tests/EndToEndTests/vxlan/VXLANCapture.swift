import Foundation
import LinuxSystem

/// The VXLAN packets that pass a switch, from now on.
struct VXLANCapture: ~Copyable {
    private let socket: FileDescriptor

    struct Packet: Hashable {
        let port: UInt16
        let vni: UInt32
        /// The source of the inner packet, IPv4 only.
        let source: String?
    }

    init(in network: borrowing NetworkNamespace) throws {
        socket = try network.run { () throws(SystemError) in
            // ETH_P_ALL, in network order.
            try FileDescriptor.socket(AF_PACKET, CInt(SOCK_RAW.rawValue), CInt(UInt16(3).bigEndian))
        }
    }

    /// The packets that have been seen since the last time.
    borrowing func packets() throws -> [Packet] {
        var packets: [Packet] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while try socket.waitUntilReadable(milliseconds: 0) {
            let count = try socket.receive(into: &buffer)
            if let packet = Self.packet(Array(buffer[..<count])) { packets.append(packet) }
        }
        return packets
    }

    /// Reads a frame; nil unless it is UDP with a VXLAN header, RFC 7348, section 5.
    private static func packet(_ frame: [UInt8]) -> Packet? {
        func number(_ offset: Int, _ count: Int) -> UInt32 {
            frame[offset..<offset + count].reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard frame.count > 14 + 40 else { return nil }
        let udp: Int
        switch number(12, 2) {
        case 0x0800 where frame[14 + 9] == 17: udp = 14 + 20
        case 0x86dd where frame[14 + 6] == 17: udp = 14 + 40
        default: return nil
        }
        let inner = udp + 8 + 8
        guard frame.count >= inner + 14 + 20, frame[udp + 8] == 0x08 else { return nil }
        let isIPv4 = number(inner + 12, 2) == 0x0800
        let source = frame[inner + 14 + 12..<inner + 14 + 16].map(String.init).joined(separator: ".")
        return Packet(
            port: UInt16(truncatingIfNeeded: number(udp + 2, 2)), vni: number(udp + 8 + 4, 3),
            source: isIPv4 ? source : nil)
    }
}
