import LinuxSystem

/// What the kernel leaves to the reader of a packet, and the writer to the kernel: `struct virtio_net_hdr`.
struct OffloadHeader {
    /// Of the transport checksum only the pseudo header's sum is there.
    var needsChecksum = false
    /// The packet is many of this many bytes of payload each; 0 for one as it is.
    var segmentSize = 0
    /// Where the sum begins, from the packet's first byte.
    var checksumStart = 0
    /// Where the checksum goes, from there.
    var checksumOffset = 0
    /// How many bytes each segment repeats.
    var headerLength = 0

    static let length = FileDescriptor.tunnelHeaderLength

    private static let needsChecksumFlag: UInt8 = 1
    private static let tcp4: UInt8 = 1

    init(segmentSize: Int, headerLength: Int, checksumStart: Int, checksumOffset: Int) {
        needsChecksum = true
        self.segmentSize = segmentSize
        self.headerLength = headerLength
        self.checksumStart = checksumStart
        self.checksumOffset = checksumOffset
    }

    /// Reads the header; nil for segments of another kind, which were not asked for.
    init?(in buffer: borrowing PacketBuffer, at offset: Int) {
        needsChecksum = buffer.uint8(at: offset) & Self.needsChecksumFlag != 0
        let type = buffer.uint8(at: offset + 1)
        guard type == 0 || type == Self.tcp4 else { return nil }
        // In the machine's order.
        headerLength = Int(buffer.uint16(at: offset + 2).bigEndian)
        segmentSize = type == 0 ? 0 : Int(buffer.uint16(at: offset + 4).bigEndian)
        checksumStart = Int(buffer.uint16(at: offset + 6).bigEndian)
        checksumOffset = Int(buffer.uint16(at: offset + 8).bigEndian)
        guard type == 0 || segmentSize > 0 else { return nil }
    }

    func store(in buffer: inout PacketBuffer, at offset: Int) {
        buffer.store(needsChecksum ? Self.needsChecksumFlag : 0, at: offset)
        buffer.store(segmentSize > 0 ? Self.tcp4 : 0, at: offset + 1)
        for (index, value) in [headerLength, segmentSize, checksumStart, checksumOffset].enumerated() {
            buffer.store(UInt16(truncatingIfNeeded: value).bigEndian, at: offset + 2 + 2 * index)
        }
    }

    /// Puts in the checksum that is missing.
    ///
    /// - Returns: false when its place is not in the packet.
    func completeChecksum(of packet: IPv4Packet, in buffer: inout PacketBuffer) -> Bool {
        guard needsChecksum else { return true }
        let place = checksumStart + checksumOffset
        guard checksumStart >= packet.headerLength, place + 2 <= packet.count else { return false }
        let sum = buffer.onesComplementSum(at: packet.offset + checksumStart, count: packet.count - checksumStart)
        // To UDP zero means that there is none, and both zeros are the same number.
        let isNone = sum == 0xffff && packet.protocolNumber == IPv4Packet.udp
        buffer.store(isNone ? 0xffff : ~sum, at: packet.offset + place)
        return true
    }
}
