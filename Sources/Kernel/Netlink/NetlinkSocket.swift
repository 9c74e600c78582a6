import CLinux
import Glibc
public import LinuxSystem

/// A netlink socket, which stays in the namespace it was opened in wherever its user goes.
public struct NetlinkSocket: ~Copyable {
    private let descriptor: FileDescriptor
    private var sequence: UInt32 = 0
    private var buffer = [UInt8](repeating: 0, count: 32 << 10)
    /// The number of a dump that has not been read to its end, beside which the kernel begins no other.
    private var unfinishedDump: UInt32?

    /// Opens a socket in the calling thread's namespace, which hears multicast groups by their numbers, such as those
    /// of `enum rtnetlink_groups`.
    ///
    /// - Throws: the error of socket(2), bind(2) or setsockopt(2).
    public init(_ family: NetlinkProtocol, groups: [Int] = []) throws(SystemError) {
        descriptor = try Self.open(family, groups)
    }

    /// Opens a socket in another namespace.
    public init(
        _ family: NetlinkProtocol, in namespace: borrowing NetworkNamespace, groups: [Int] = []
    ) throws(SystemError) {
        descriptor = try namespace.run { () throws(SystemError) in try Self.open(family, groups) }
    }

    private static func open(_ family: NetlinkProtocol, _ groups: [Int]) throws(SystemError) -> FileDescriptor {
        let descriptor = try FileDescriptor.socket(AF_NETLINK, CInt(SOCK_RAW.rawValue), family.rawValue)
        // Errors carry the kernel's own words, and not the request.
        try descriptor.setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        try descriptor.setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        if family == .route {
            // Dumps look at their filters; since Linux 4.20, and without it there is just more to read.
            try? descriptor.setOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        }
        // Without an address of its own a socket is taken for the kernel's, which never hears its own events.
        if !groups.isEmpty { try descriptor.bindNetlink() }
        for group in groups {
            try descriptor.setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, CInt(truncatingIfNeeded: group))
        }
        // The kernel answers a request before send(2) returns; what never comes must not be waited for without end.
        try descriptor.setReceiveTimeout(seconds: 5)
        return descriptor
    }

    /// Sends a request and waits for its acknowledgement.
    ///
    /// - Throws: what the kernel answered.
    public mutating func perform(_ request: NetlinkRequest) throws(SystemError) {
        try perform([request])
    }

    /// Sends requests in as few system calls as can be, which the kernel carries out in their order, each whether or
    /// not one before it failed.
    ///
    /// - Throws: the first error that the kernel answered, after all have been carried out.
    public mutating func perform(_ requests: [NetlinkRequest]) throws(SystemError) {
        var failure: SystemError?
        for start in stride(from: 0, to: requests.count, by: Self.requestsAtOnce) {
            do throws(SystemError) {
                try performAtOnce(Array(requests[start...].prefix(Self.requestsAtOnce)))
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// How many requests one call carries.
    ///
    /// The refusal of all of them has to fit into the receive buffer, where each takes about a kilobyte of the 208 that
    /// `net.core.rmem_default` grants; the send buffer has room for more.
    private static let requestsAtOnce = 128

    private mutating func performAtOnce(_ requests: [NetlinkRequest]) throws(SystemError) {
        guard let last = requests.last else { return }
        let numbers = try send(requests.map(\.message), acknowledging: requests.count - 1)
        var failure: SystemError?
        var isDone = false
        while !isDone {
            try receive(last) { (reply, payload) throws(SystemError) in
                guard reply.type == Reply.error, let index = numbers.firstIndex(of: reply.sequence) else { return }
                if failure == nil { failure = try Self.refusal(reply, payload, of: requests[index]) }
                // Only refusals are answered before the last request, and everything in its order.
                if index == requests.count - 1 { isDone = true }
            }
        }
        if let failure { throw failure }
    }

    /// Sends a request and gathers what its answer holds: one object, or all of a dump.
    ///
    /// The body takes a message's type and payload, and gives nil to pass over it. A dump that the kernel marks as
    /// inconsistent or that overran the socket is asked for again.
    ///
    /// - Throws: what the kernel answered, or what `decode` throws.
    public mutating func query<Element>(
        _ request: NetlinkRequest,
        _ decode: (UInt16, Span<UInt8>) throws(SystemError) -> Element?
    ) throws(SystemError) -> [Element] {
        var attempt = 1
        while true {
            do throws(SystemError) {
                return try queryOnce(request, endsWithFirst: false, decode)
            } catch  where error.code == .interrupted || error.code == .noBufferSpace {
                if attempt == Self.dumpAttempts { throw error }
                attempt += 1
            }
        }
    }

    private static let dumpAttempts = 10

    /// Sends a request for a dump and gives the first thing in the answer that is wanted, without having the kernel tell
    /// all the rest.
    ///
    /// - Throws: what the kernel answered, or what `decode` throws.
    public mutating func first<Element>(
        in request: NetlinkRequest, _ decode: (UInt16, Span<UInt8>) throws(SystemError) -> Element?
    ) throws(SystemError) -> Element? {
        try queryOnce(request, endsWithFirst: true, decode).first
    }

    private mutating func queryOnce<Element>(
        _ request: NetlinkRequest, endsWithFirst: Bool,
        _ decode: (UInt16, Span<UInt8>) throws(SystemError) -> Element?
    ) throws(SystemError) -> [Element] {
        let isDump = request.message.flags.contains(.dump)
        while isDump && unfinishedDump != nil { try receive(request) { (_, _) in } }
        let sequence = try send([request.message], acknowledging: nil).first
        var elements: [Element] = []
        var isDone = false
        var isInconsistent = false
        var failure: SystemError?
        while !isDone {
            if endsWithFirst && !elements.isEmpty {
                unfinishedDump = sequence
                return elements
            }
            try receive(request) { (reply, payload) throws(SystemError) in
                // What is left of an older answer, or an event of a group.
                guard reply.sequence == sequence, !isDone else { return }
                if reply.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isInconsistent = true }
                switch reply.type {
                case Reply.error:
                    isDone = true
                    failure = try Self.refusal(reply, payload, of: request)
                case Reply.done:
                    isDone = true
                    failure = payload.count >= 4 ? try Self.refusal(reply, payload, of: request) : nil
                default:
                    if let element = try decode(reply.type, payload) { elements.append(element) }
                    if !isDump { isDone = true }
                }
            }
        }
        if let failure { throw failure }
        if isInconsistent { throw request.error(.interrupted, "the kernel's tables kept changing") }
        return elements
    }

    /// Sends requests that take effect together or not at all, as nf_tables does.
    ///
    /// - Throws: the error of the first refused request; nothing has changed then.
    public mutating func performBatch(
        begin: NetlinkMessage, _ requests: [NetlinkRequest], end: NetlinkMessage
    ) throws(SystemError) {
        guard let last = requests.last else { return }
        let numbers = try send([begin] + requests.map(\.message) + [end], acknowledging: requests.count)
        var failure: SystemError?
        var isDone = false
        while !isDone {
            try receive(last) { (reply, payload) throws(SystemError) in
                guard reply.type == Reply.error, !isDone, let number = numbers.firstIndex(of: reply.sequence) else {
                    return
                }
                // A batch refused as a whole is answered under the number of its beginning alone, so whatever error
                // comes first is the last thing to wait for.
                let request = requests.indices.contains(number - 1) ? requests[number - 1] : last
                failure = try Self.refusal(reply, payload, of: request)
                isDone = failure != nil || number == requests.count
            }
        }
        if let failure { throw failure }
    }

    /// Waits for events of the groups, each given to a body until it says that it has seen enough.
    ///
    /// - Throws: `ETIMEDOUT` when the time is over; `ENOBUFS` when events were lost; `EINTR` when a signal that is held back comes
    ///   first.
    public mutating func waitForEvent(
        milliseconds: Int, _ isEnough: (UInt16, Span<UInt8>) throws(SystemError) -> Bool
    ) throws(SystemError) {
        let deadline = MonotonicClock.milliseconds + milliseconds
        let signals = try Interruption.descriptor()
        var isDone = false
        while !isDone {
            let left = max(0, deadline - MonotonicClock.milliseconds)
            let watched = [descriptor.rawValue, signals.rawValue]
            guard try FileDescriptor.waitUntilReadable(anyOf: watched, milliseconds: left) else {
                throw SystemError("wait for event", nil, .timedOut)
            }
            try Interruption.check()
            try receive { (reply, payload) throws(SystemError) in
                if !isDone { isDone = try isEnough(reply.type, payload) }
            }
        }
    }

    /// What poll(2) says about events that have come; only for that.
    public var descriptorNumber: CInt { descriptor.rawValue }

    /// Gives a body the events that have come, without waiting for others.
    ///
    /// - Throws: `ENOBUFS` when events were lost, of which those behind can be had by another call.
    public mutating func takeEvents(_ body: (UInt16, Span<UInt8>) throws(SystemError) -> Void) throws(SystemError) {
        // Whoever makes events faster than they are read does not keep the reader for ever.
        for _ in 0..<Self.datagramsAtOnce {
            guard try descriptor.waitUntilReadable(milliseconds: 0) else { return }
            try receive { (reply, payload) throws(SystemError) in try body(reply.type, payload) }
        }
    }

    private static let datagramsAtOnce = 10_000

    // MARK: Sending and receiving

    private struct Reply {
        let type: UInt16
        let flags: UInt16
        let sequence: UInt32

        static let error = UInt16(NLMSG_ERROR)
        static let done = UInt16(NLMSG_DONE)
    }

    /// Gives each message its number, sends all in one call, and returns the numbers; the message at one position is
    /// to be answered even if all is well.
    private mutating func send(
        _ messages: [NetlinkMessage], acknowledging acknowledged: Int?
    ) throws(SystemError) -> [UInt32] {
        var numbers: [UInt32] = []
        var bytes: [UInt8] = []
        for (position, message) in messages.enumerated() {
            sequence &+= 1
            numbers.append(sequence)
            bytes += message.bytes(sequence: sequence, adding: position == acknowledged ? .acknowledge : [])
        }
        do throws(SystemError) {
            try descriptor.send(bytes.span)
        } catch  where error.code == .messageTooLong {
            // What is to take effect together has to go together, whatever `net.core.wmem_default` is.
            try descriptor.setOption(SOL_SOCKET, SO_SNDBUFFORCE, CInt(clamping: bytes.count))
            try descriptor.send(bytes.span)
        }
        return numbers
    }

    /// Receives one datagram of the kernel's and walks its messages.
    private mutating func receive(
        _ request: NetlinkRequest? = nil, _ body: (Reply, Span<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        let count: Int
        do throws(SystemError) {
            count = try descriptor.receive(into: &buffer)
        } catch {
            guard let request else { throw error }
            throw error.code == .wouldBlock
                ? request.error(.timedOut, "no answer from the kernel") : request.error(error.code)
        }
        var openDump = unfinishedDump
        try Self.forEachReply(in: buffer.span.extracting(0..<count)) { (reply, payload) throws(SystemError) in
            if reply.sequence == openDump, reply.type == Reply.done || reply.type == Reply.error { openDump = nil }
            try body(reply, payload)
        }
        unfinishedDump = openDump
    }

    private static func forEachReply(
        in datagram: Span<UInt8>, _ body: (Reply, Span<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        var position = 0
        while datagram.count - position >= NetlinkMessage.headerLength {
            let length = Int(try datagram.integer(at: position, as: UInt32.self))
            guard length >= NetlinkMessage.headerLength, length <= datagram.count - position else {
                throw SystemError("read netlink message", nil, .badMessage)
            }
            let reply = Reply(
                type: try datagram.integer(at: position + 4), flags: try datagram.integer(at: position + 6),
                sequence: try datagram.integer(at: position + 8))
            try body(reply, datagram.extracting(position + NetlinkMessage.headerLength..<position + length))
            position += (length + 3) & ~3
        }
    }

    /// The error that an `NLMSG_ERROR` or the end of a dump reports, nil when it reports success.
    private static func refusal(
        _ reply: Reply, _ payload: Span<UInt8>, of request: NetlinkRequest
    ) throws(SystemError) -> SystemError? {
        let code: Int32 = try payload.integer()
        guard code != 0 else { return nil }
        var explanation: String?
        if reply.flags & UInt16(NLM_F_ACK_TLVS) != 0 {
            // Behind the number and, for NLMSG_ERROR, the header of the request that is answered.
            let offset = reply.type == Reply.error ? 4 + NetlinkMessage.headerLength : 4
            try payload.forEachAttribute(from: offset) { (type, value) throws(SystemError) in
                if type.rawValue == UInt16(NLMSGERR_ATTR_MSG.rawValue) { explanation = value.string }
            }
        }
        return request.error(Errno(rawValue: code == .min ? .max : abs(code)), explanation)
    }
}
