import CLinux
import LinuxSystem
import Netlink

/// A class of a qdisc that has some, tc-htb(8), with a bucket of its own: `RTM_NEWTCLASS`.
package struct TrafficClass: Hashable, Sendable {
    package var device: InterfaceIndex
    package var handle: TrafficHandle
    package var bucket: TokenBucket

    package init(_ handle: TrafficHandle, on device: InterfaceIndex, _ bucket: TokenBucket) {
        self.device = device
        self.handle = handle
        self.bucket = bucket
    }

    var message: NetlinkMessage {
        let header = TrafficHeader(device, handle: handle, parent: TrafficHandle(UInt16(handle.rawValue >> 16)))
        var message = NetlinkMessage(type: UInt16(RTM_NEWTCLASS), flags: [.create, .exclusive], header: header)
        message.append(AttributeType(TCA_KIND), string: "htb")
        message.nest(AttributeType(TCA_OPTIONS)) { message in
            message.nest(AttributeType(TCA_HTB_PARMS), header: Parameters(bucket: bucket)) { _ in }
            if bucket.rate > UInt32.max {
                for type in [TCA_HTB_RATE64, TCA_HTB_CEIL64] { message.append(AttributeType(type), bucket.rate) }
            }
        }
        return message
    }

    /// `struct tc_htb_opt`.
    private struct Parameters: NetlinkHeader {
        let bucket: TokenBucket

        func encode(into message: inout NetlinkMessage) {
            bucket.appendRate(to: &message)
            // What it may borrow: nothing, for there is nobody to borrow from.
            bucket.appendRate(to: &message)
            for _ in 0..<2 { message.append(field: UInt32(clamping: bucket.ticks)) }
            message.append(field: Self.quantum)
            message.append(field: UInt32(0))
            message.append(field: UInt32(0))
        }

        /// Bytes in a turn of the classes: a packet of the largest size, where the kernel would warn of what it derives.
        private static let quantum: UInt32 = 65535
    }
}

/// A class that is there.
package struct PresentClass: Hashable, Sendable {
    package let handle: TrafficHandle
    package let bucket: TokenBucket.Told

    /// Reads the payload of `RTM_NEWTCLASS`.
    init(reading payload: Span<UInt8>) throws(SystemError) {
        handle = try TrafficHeader(reading: payload).handle
        var (rate, ticks): (UInt64, UInt32) = (0, 0)
        try payload.forEachAttribute(from: TrafficHeader.length) { (type, value) throws(SystemError) in
            guard type == AttributeType(TCA_OPTIONS) else { return }
            try value.forEachAttribute { (type, value) throws(SystemError) in
                switch type {
                case AttributeType(TCA_HTB_PARMS):
                    rate = UInt64(try value.integer(at: TokenBucket.rateOffset, as: UInt32.self))
                    ticks = try value.integer(at: 2 * TokenBucket.rateLength)
                case AttributeType(TCA_HTB_RATE64): rate = try value.integer()
                default: break
                }
            }
        }
        bucket = TokenBucket.Told(rate: rate, ticks: ticks)
    }
}
