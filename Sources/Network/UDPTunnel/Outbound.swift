import Addressing
import LinuxSystem

/// From the device to other hosts: takes packets apart that are too long, and sends many by one call.
struct Outbound: ~Copyable {
    private let state: TunnelState
    private let queue: TunnelQueue
    private let counters: TunnelCounters
    private var counts = TunnelCounts()
    private var view = TunnelState.RoutesView()
    private var errors: ErrorSender
    /// One packet as it is read, with what is before it.
    private var input = PacketBuffer(count: OffloadHeader.length + 0xffff)
    private var sender = DatagramSender(capacity: 64, bytes: 256 << 10)

    init(_ state: TunnelState, _ queue: TunnelQueue, _ counters: TunnelCounters) {
        self.state = state
        self.queue = queue
        self.counters = counters
        errors = ErrorSender(state.errors, router: state.settings.address.rawValue)
    }

    /// Works until the tunnel stops.
    ///
    /// - Throws: what the kernel refused, such as `EBADFD` when the device is gone.
    mutating func run() throws(SystemError) {
        while !state.isStopped {
            view.refresh(from: state)
            var isIdle = true
            while sender.hasRoom(for: Self.packetRoom), !state.isStopped {
                let count = try queue.device.readPacket(into: &input)
                guard count > 0 else { break }
                isIdle = false
                pass(count)
            }
            flush()
            if isIdle { try state.wait(for: queue.device) }
        }
    }

    /// What the longest packet takes in segments of an ordinary length.
    private static let packetRoom = 80 << 10

    private mutating func flush() {
        let outcome = sender.flush(by: queue.socket, port: state.settings.port)
        counts.sent += outcome.sent
        counts.refused += outcome.refused
        counters.publish(counts)
    }

    private mutating func pass(_ count: Int) {
        let start = OffloadHeader.length
        // Until someone switches IPv6 off on the device, it asks for routers there.
        guard input.uint8(at: start) >> 4 == 4 else { return }
        guard let packet = IPv4Packet(in: input, at: start, available: count - start),
            let offload = OffloadHeader(in: input, at: 0)
        else {
            counts.malformed += 1
            return
        }
        guard let host = view.routes.host(of: packet.destination) else {
            counts.unroutable += 1
            answer(.networkUnreachable, packet, offload)
            return
        }
        guard packet.timeToLive(in: input) > 1 else {
            counts.expired += 1
            answer(.timeExceeded, packet, offload)
            return
        }
        packet.decrementTimeToLive(in: &input)
        if offload.segmentSize > 0 {
            segment(packet, offload, to: host)
        } else if offload.completeChecksum(of: packet, in: &input) {
            sender.buffer.copy(packet.count, from: input, at: packet.offset, to: sender.end)
            sender.append(packet.count, to: host)
        } else {
            counts.malformed += 1
        }
    }

    private mutating func segment(_ packet: IPv4Packet, _ offload: OffloadHeader, to host: UInt32) {
        guard let segmentation = TCPSegmentation(packet, offload, in: input) else {
            counts.malformed += 1
            return
        }
        for index in 0..<segmentation.segments {
            let count = segmentation.length(of: index)
            if !sender.hasRoom(for: count) { flush() }
            segmentation.write(index, of: input, to: &sender.buffer, at: sender.end)
            sender.append(count, to: host)
        }
    }

    /// Answers about the packet as it would have been on the wire.
    private mutating func answer(_ error: ICMPError, _ packet: IPv4Packet, _ offload: OffloadHeader) {
        if offload.segmentSize > 0 {
            guard let segmentation = TCPSegmentation(packet, offload, in: input) else { return }
            IPv4Packet.resize(segmentation.length(of: 0), headerAt: packet.offset, in: &input)
        } else if !offload.completeChecksum(of: packet, in: &input) {
            return
        }
        errors.send(error, about: packet, in: input)
    }
}
