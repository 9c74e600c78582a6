import CLinux
import LinuxSystem
import Netlink

/// What becomes of packets that leave a device, or arrive at it: `struct tcmsg` of `RTM_NEWQDISC`, tc(8).
package struct Qdisc: Hashable, Sendable {
    package var device: InterfaceIndex
    package var handle: TrafficHandle
    package var parent: TrafficHandle
    package var kind: Kind

    package enum Kind: Hashable, Sendable {
        /// tc-tbf(8): packets wait until the bucket has room for them, in at most `limit` bytes.
        case tokenBucket(TokenBucket, limit: UInt32)
        /// tc-htb(8): classes with a bucket each; what no filter gives to another is of the default one.
        case classes(byDefault: UInt16)
        /// tc-bfifo(8): packets wait in at most these bytes.
        case bytes(limit: UInt32)
        /// Filters for what arrives.
        case ingress
    }

    package init(_ kind: Kind, on device: InterfaceIndex, handle: TrafficHandle, parent: TrafficHandle = .root) {
        self.device = device
        self.handle = handle
        self.parent = parent
        self.kind = kind
    }
}

extension Qdisc.Kind {
    /// `TCA_KIND`.
    var name: String {
        switch self {
        case .tokenBucket: "tbf"
        case .classes: "htb"
        case .bytes: "bfifo"
        case .ingress: "ingress"
        }
    }

    /// Appends `TCA_OPTIONS`.
    func encode(into message: inout NetlinkMessage) {
        let options = AttributeType(TCA_OPTIONS)
        switch self {
        case .tokenBucket(let bucket, let limit):
            message.nest(options) { message in
                let parameters = TokenBucketParameters(bucket: bucket, limit: limit)
                message.nest(AttributeType(TCA_TBF_PARMS), header: parameters) { _ in }
                // Ticks of a slow bucket with a long burst do not fit into the parameters, and of a fast one they are few.
                if bucket.ticks < 1000 || bucket.ticks > UInt32.max {
                    message.append(AttributeType(TCA_TBF_BURST), bucket.burst)
                }
                if bucket.rate > UInt32.max { message.append(AttributeType(TCA_TBF_RATE64), bucket.rate) }
            }
        case .classes(let byDefault):
            message.nest(options) { message in
                message.nest(AttributeType(TCA_HTB_INIT), header: ClassesParameters(byDefault: byDefault)) { _ in }
            }
        case .bytes(let limit): message.append(options, limit)
        case .ingress: message.nest(options) { _ in }
        }
    }
}

/// `struct tc_tbf_qopt`.
private struct TokenBucketParameters: NetlinkHeader {
    let bucket: TokenBucket
    let limit: UInt32

    func encode(into message: inout NetlinkMessage) {
        bucket.appendRate(to: &message)
        // No peak rate.
        for _ in 0..<TokenBucket.rateLength { message.append(field: UInt8(0)) }
        message.append(field: limit)
        message.append(field: UInt32(clamping: bucket.ticks))
        message.append(field: UInt32(0))
    }
}

/// `struct tc_htb_glob`.
private struct ClassesParameters: NetlinkHeader {
    let byDefault: UInt16

    func encode(into message: inout NetlinkMessage) {
        // The version that the kernel asks for, and its own default for quanta.
        for field in [3, 10, UInt32(byDefault), 0, 0] { message.append(field: field) }
    }
}

/// A qdisc that is there, as far as it is one that this suite knows.
package struct PresentQdisc: Hashable, Sendable {
    package let device: InterfaceIndex
    package let handle: TrafficHandle
    package let parent: TrafficHandle
    package let kind: Kind

    package enum Kind: Hashable, Sendable {
        case tokenBucket(TokenBucket.Told, limit: UInt32)
        case classes(byDefault: UInt16)
        case ingress
        /// By its name.
        case other(String)
    }

    /// Reads the payload of `RTM_NEWQDISC`.
    init(reading payload: Span<UInt8>) throws(SystemError) {
        let header = try TrafficHeader(reading: payload)
        (device, handle, parent) = (header.device, header.handle, header.parent)
        var kind = Kind.other("")
        // The kernel puts the name first.
        try payload.forEachAttribute(from: TrafficHeader.length) { (type, value) throws(SystemError) in
            switch (type, kind) {
            case (AttributeType(TCA_KIND), _): kind = value.string == "ingress" ? .ingress : .other(value.string)
            case (AttributeType(TCA_OPTIONS), .other("tbf")): kind = try Self.tokenBucket(value)
            case (AttributeType(TCA_OPTIONS), .other("htb")): kind = try Self.classes(value)
            default: break
            }
        }
        self.kind = kind
    }

    private static func tokenBucket(_ options: Span<UInt8>) throws(SystemError) -> Kind {
        var (rate, limit, ticks): (UInt64, UInt32, UInt32) = (0, 0, 0)
        try options.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(TCA_TBF_PARMS):
                let rates = 2 * TokenBucket.rateLength
                rate = UInt64(try value.integer(at: TokenBucket.rateOffset, as: UInt32.self))
                limit = try value.integer(at: rates)
                ticks = try value.integer(at: rates + 4)
            case AttributeType(TCA_TBF_RATE64): rate = try value.integer()
            default: break
            }
        }
        return .tokenBucket(TokenBucket.Told(rate: rate, ticks: ticks), limit: limit)
    }

    private static func classes(_ options: Span<UInt8>) throws(SystemError) -> Kind {
        var byDefault: UInt32 = 0
        try options.forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(TCA_HTB_INIT) { byDefault = try value.integer(at: 8) }
        }
        return .classes(byDefault: UInt16(truncatingIfNeeded: byDefault))
    }
}
