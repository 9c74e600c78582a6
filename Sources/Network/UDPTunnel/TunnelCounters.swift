import Synchronization

/// What has become of the packets of a tunnel since it began.
package struct TunnelCounts: Hashable, Sendable {
    /// To other hosts, each as it is on the wire.
    package var sent = 0
    package var received = 0
    /// To a subnet of nobody.
    package var unroutable = 0
    /// Whose last hop this was.
    package var expired = 0
    /// To none of this host's subnets.
    package var misdirected = 0
    /// No IPv4, or less than it says.
    package var malformed = 0
    /// That the kernel did not take, from here or for here.
    package var refused = 0
}

/// The counts of one thread, which others read.
final class TunnelCounters: Sendable {
    private let sent = Atomic(0)
    private let received = Atomic(0)
    private let unroutable = Atomic(0)
    private let expired = Atomic(0)
    private let misdirected = Atomic(0)
    private let malformed = Atomic(0)
    private let refused = Atomic(0)

    /// Shows what the thread has counted.
    func publish(_ counts: TunnelCounts) {
        sent.store(counts.sent, ordering: .relaxed)
        received.store(counts.received, ordering: .relaxed)
        unroutable.store(counts.unroutable, ordering: .relaxed)
        expired.store(counts.expired, ordering: .relaxed)
        misdirected.store(counts.misdirected, ordering: .relaxed)
        malformed.store(counts.malformed, ordering: .relaxed)
        refused.store(counts.refused, ordering: .relaxed)
    }

    func add(to counts: inout TunnelCounts) {
        counts.sent += sent.load(ordering: .relaxed)
        counts.received += received.load(ordering: .relaxed)
        counts.unroutable += unroutable.load(ordering: .relaxed)
        counts.expired += expired.load(ordering: .relaxed)
        counts.misdirected += misdirected.load(ordering: .relaxed)
        counts.malformed += malformed.load(ordering: .relaxed)
        counts.refused += refused.load(ordering: .relaxed)
    }
}
