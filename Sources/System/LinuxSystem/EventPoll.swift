import CLinux
import Glibc

/// Waits for any of many descriptors, at a cost that does not grow with how many there are: epoll(7).
public struct EventPoll: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    public init() throws(SystemError) {
        descriptor = try FileDescriptor(owning: retrying("watch descriptors") { epoll_create1(Self.closeOnExec) })
    }

    /// What there is to hear of.
    public struct Interest: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// That there is something to read, or the other side has ended.
        public static let reading = Interest(rawValue: EPOLLIN.rawValue)
        /// That there is room to write.
        public static let writing = Interest(rawValue: EPOLLOUT.rawValue)
    }

    /// Hears of a descriptor until that is closed, under a number that its user chooses.
    public borrowing func add(
        _ watched: borrowing FileDescriptor, as number: UInt64, _ interest: Interest = .reading
    ) throws(SystemError) {
        try control(EPOLL_CTL_ADD, watched.rawValue, number, interest)
    }

    /// Hears of other things than before.
    public borrowing func change(
        _ watched: borrowing FileDescriptor, as number: UInt64, _ interest: Interest
    ) throws(SystemError) {
        try control(EPOLL_CTL_MOD, watched.rawValue, number, interest)
    }

    private borrowing func control(
        _ operation: CInt, _ watched: CInt, _ number: UInt64, _ interest: Interest
    ) throws(SystemError) {
        let poll = descriptor.rawValue
        var event = unsafe epoll_event(events: interest.rawValue, data: epoll_data_t(u64: number))
        _ = try retrying("watch descriptor") { unsafe epoll_ctl(poll, operation, watched, &event) }
    }

    /// Waits until something can be done.
    ///
    /// - Parameter milliseconds: nil to wait for ever.
    /// - Returns: the numbers of the descriptors that are ready, none when the time is over.
    /// - Throws: the error of epoll_wait(2).
    public borrowing func wait(milliseconds: Int?) throws(SystemError) -> [UInt64] {
        let poll = descriptor.rawValue
        var events = unsafe [epoll_event](repeating: epoll_event(), count: Self.eventsAtOnce)
        let count = try retrying("wait for events") {
            unsafe events.withUnsafeMutableBufferPointer {
                unsafe epoll_wait(
                    poll, $0.baseAddress, CInt(truncatingIfNeeded: $0.count),
                    milliseconds.map { CInt(clamping: max(0, $0)) } ?? -1)
            }
        }
        return unsafe events.prefix(Int(count)).map { unsafe $0.data.u64 }
    }

    private static let eventsAtOnce = 256

    /// `EPOLL_CLOEXEC`.
    private static let closeOnExec = CInt(EPOLL_CLOEXEC)
}
