import Synchronization

/// What the daemon knows of itself, for those who ask: `/readyz`, `/metrics`, the log.
package final class DaemonStatus: Sendable {
    private let state = Mutex(State())
    /// Counts packets where this process carries them.
    let tunnel = TunnelKeeper()

    struct State: Sendable {
        /// What is waited for before anything is forwarded; nil when that is over.
        var waitingFor: String? = "the daemon to start"
        /// Why the store does not answer, and since when; nil while it does.
        var storeFault: String?
        /// What keeps the kernel from being as it should.
        var kernelFault: String?
        /// Who else writes this host's lease.
        var conflict: String?
        /// When the lease ends; nil for a reservation, and before there is a lease.
        var leaseEnd: ContinuousClock.Instant?
        var peers = 0
        /// Peers that are left out, for their leases will not do.
        var refusedPeers = 0
        /// What was otherwise at the last comparison, and could not be mended.
        var outOfSync = 0
        var reconciliations = 0
        var repairs = 0
        var failures = 0
        var lastReconciliation = Duration.zero
        var storeEvents = 0
        var listings = 0
        var renewals = 0
        /// A hash of the account that was written last.
        var account: Int?
    }

    package init() {}

    func read() -> State { state.withLock { $0 } }

    func update<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }

    /// Why the host is not in step with the network; nil when it is.
    package var reason: String? {
        state.withLock { state in
            if let what = state.waitingFor { return "waiting for \(what)" }
            if let fault = state.kernelFault { return fault }
            if let conflict = state.conflict { return conflict }
            return state.storeFault.map { "what was known last is kept, for \($0)" }
        }
    }
}
