package import Addressing
import CLinux
import LinuxSystem
import Netlink

/// A socket of some program that takes what comes to a port.
package struct BoundSocket: Hashable, Sendable {
    package let transport: TransportProtocol
    /// All zeros where it takes what comes to any address.
    package let address: IPAddress
    package let port: UInt16
    /// Whether a socket for any IPv6 address leaves IPv4 alone.
    package let isIPv6Only: Bool
    /// Of the file in `/proc/PID/fd` that it is.
    package let inode: UInt64

    /// Whether it takes what comes to an address, or to any address of a family where that is all zeros.
    package func takes(_ address: IPAddress) -> Bool {
        let isDualStack = self.address == .any(.v6) && !isIPv6Only
        guard self.address.family == address.family || isDualStack else { return false }
        return self.address.isUnspecified || address.isUnspecified || self.address == address
    }

    /// Reads `struct inet_diag_msg` and the attributes behind it.
    init?(_ transport: TransportProtocol, _ payload: Span<UInt8>) throws(SystemError) {
        self.transport = transport
        guard payload.count >= Layout.length else { return nil }
        let length = try payload.integer(as: UInt8.self) == UInt8(AF_INET) ? 4 : 16
        let source = payload.extracting(Layout.source..<Layout.source + length)
        guard let address = IPAddress(bytes: source) else { return nil }
        self.address = address.unmapped
        port = UInt16(bigEndian: try payload.integer(at: Layout.port))
        inode = UInt64(try payload.integer(at: Layout.inode, as: UInt32.self))
        var isIPv6Only = false
        try payload.forEachAttribute(from: Layout.length) { (type, value) throws(SystemError) in
            if type == AttributeType(INET_DIAG_SKV6ONLY) { isIPv6Only = try value.integer(as: UInt8.self) != 0 }
        }
        self.isIPv6Only = isIPv6Only
    }

    /// Offsets in `struct inet_diag_msg`.
    private enum Layout {
        static let port = 4
        static let source = 8
        static let inode = 68
        static let length = 72
    }
}
