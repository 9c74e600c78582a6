import Addressing
import LinuxSystem

/// Tells senders why their packets go nowhere, as often as a router should: RFC 1812, section 4.3.2.8.
///
/// The answers go through a socket and not into the device: what comes out of a device from an address of its own host,
/// the kernel throws away.
struct ErrorSender {
    private let socket: RawSocket
    /// The address that answers come from, in host order.
    private let router: UInt32
    private var tokens = ErrorSender.burst
    private var refilled = MonotonicClock.milliseconds

    private static let burst = 100
    private static let perSecond = 1000

    init(_ socket: RawSocket, router: UInt32) {
        self.socket = socket
        self.router = router
    }

    /// A socket for whole IP packets, which all threads send by.
    final class RawSocket: Sendable {
        fileprivate let descriptor: FileDescriptor

        init() throws(SystemError) {
            // IPPROTO_RAW, which receives nothing.
            descriptor = try .rawSocket(isV6: false, 255)
        }
    }

    /// Answers a packet, unless there is nothing to say or too much has been said.
    mutating func send(_ error: ICMPError, about packet: IPv4Packet, in buffer: borrowing PacketBuffer) {
        let now = MonotonicClock.milliseconds
        if now > refilled {
            tokens = min(Self.burst, tokens + min(now - refilled, 1000) * Self.perSecond / 1000)
            refilled = now
        }
        guard tokens > 0, let answer = error.packet(about: packet, in: buffer, from: router) else { return }
        tokens -= 1
        // One answer more or less is no harm.
        try? socket.descriptor.send(answer.span, to: IPv4Address(rawValue: packet.source).bytes)
    }
}
