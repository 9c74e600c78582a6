import Addressing
import LinuxSystem

/// From other hosts to the device: takes many datagrams by one call, and puts segments together that belong together.
struct Inbound: ~Copyable {
    private let state: TunnelState
    private let queue: TunnelQueue
    private let counters: TunnelCounters
    private let subnets: [ClosedRange<IPv4Address>]
    private var counts = TunnelCounts()
    private var errors: ErrorSender
    private var receiver = DatagramReceiver(capacity: 32, reserved: Inbound.reserved)
    private var coalescing = TCPCoalescing()
    /// What one packet is written as; kept for its memory.
    private var pieces: [PacketBuffer.Piece] = []

    /// Before the datagrams: what goes before one packet, and before several.
    private static let reserved = 64
    private static let plainHeader = PacketBuffer.Piece(at: 0, count: OffloadHeader.length)
    private static let joinedHeader = PacketBuffer.Piece(at: 16, count: OffloadHeader.length)

    init(_ state: TunnelState, _ queue: TunnelQueue, _ counters: TunnelCounters) {
        self.state = state
        self.queue = queue
        self.counters = counters
        subnets = state.settings.subnets.compactMap { subnet in
            guard case .v4(let first) = subnet.first, case .v4(let last) = subnet.last else { return nil }
            return first...last
        }
        errors = ErrorSender(state.errors, router: state.settings.address.rawValue)
    }

    /// Works until the tunnel stops.
    ///
    /// - Throws: what the kernel refused.
    mutating func run() throws(SystemError) {
        while !state.isStopped {
            let count = try receiver.receive(from: queue.socket)
            for index in 0..<count {
                if let datagrams = receiver.datagrams(index) { pass(datagrams) } else { counts.malformed += 1 }
            }
            flush()
            counters.publish(counts)
            if count == 0 { try state.wait(for: queue.socket) }
        }
    }

    private mutating func pass(_ datagrams: DatagramReceiver.Datagrams) {
        var start = 0
        while start < datagrams.count {
            let count = min(datagrams.segmentSize, datagrams.count - start)
            pass(datagrams.offset + start, count)
            start += count
        }
    }

    private mutating func pass(_ offset: Int, _ count: Int) {
        guard let packet = IPv4Packet(in: receiver.buffer, at: offset, available: count) else {
            counts.malformed += 1
            return
        }
        // No host sends anything else here, and who is no host of the network gets no further than to these.
        guard subnets.contains(where: { $0.contains(IPv4Address(rawValue: packet.destination)) }) else {
            counts.misdirected += 1
            return
        }
        guard packet.timeToLive(in: receiver.buffer) > 1 else {
            counts.expired += 1
            errors.send(.timeExceeded, about: packet, in: receiver.buffer)
            return
        }
        packet.decrementTimeToLive(in: &receiver.buffer)
        counts.received += 1
        guard let segment = TCPCoalescing.Segment(packet, in: receiver.buffer) else {
            flush()
            write(PacketBuffer.Piece(at: packet.offset, count: packet.count))
            return
        }
        if coalescing.append(segment, in: receiver.buffer) { return }
        flush()
        _ = coalescing.append(segment, in: receiver.buffer)
    }

    /// Writes what has been put together.
    private mutating func flush() {
        guard !coalescing.isEmpty else { return }
        if let header = coalescing.finish(in: &receiver.buffer) {
            header.store(in: &receiver.buffer, at: Self.joinedHeader.offset)
            pieces.removeAll(keepingCapacity: true)
            pieces.append(Self.joinedHeader)
            pieces.append(contentsOf: coalescing.pieces)
            if !queue.device.writePacket(pieces, of: receiver.buffer) { counts.refused += coalescing.pieces.count }
        } else if let piece = coalescing.pieces.first {
            write(piece)
        }
        coalescing.clear()
    }

    private mutating func write(_ packet: PacketBuffer.Piece) {
        pieces.removeAll(keepingCapacity: true)
        pieces.append(Self.plainHeader)
        pieces.append(packet)
        if !queue.device.writePacket(pieces, of: receiver.buffer) { counts.refused += 1 }
    }
}
