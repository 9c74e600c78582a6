package import Addressing
package import LinuxSystem
import Synchronization

/// The data path of flannel's backend "udp": a TUN device, whose packets go to other hosts as the payload of UDP.
///
/// Each queue of the device has two threads, one for each direction; the kernel keeps a flow to one of them, so that its
/// packets stay in order.
package final class Tunnel: Sendable {
    private let state: TunnelState
    private let counters: [TunnelCounters]
    /// Until they are joined, which may be once.
    private let threads: Mutex<[SystemThread]>

    package struct Settings: Hashable, Sendable {
        /// The name of the device, which must not be there.
        package let device: String
        /// Where this host's datagrams come from and arrive.
        package let local: IPv4Address
        /// Of all hosts.
        package let port: UInt16
        /// What this host tells senders by why their packets go nowhere: an address of the device.
        package let address: IPv4Address
        /// What other hosts may send to.
        package let subnets: [CIDR]
        /// How many processors are kept busy at most in each direction.
        package let queues: Int

        /// The port that flannel sends to if nobody says otherwise.
        package static let defaultPort: UInt16 = 8285

        package init(
            device: String, local: IPv4Address, port: UInt16 = defaultPort, address: IPv4Address, subnets: [CIDR],
            queues: Int
        ) {
            self.device = device
            self.local = local
            self.port = port
            self.address = address
            self.subnets = subnets
            self.queues = queues
        }
    }

    /// Makes the device and the sockets in the calling thread's namespace, and starts.
    ///
    /// Nothing is sent before ``replaceRoutes(_:)`` says where to, and before someone has given the device its address and
    /// brought it up.
    ///
    /// - Throws: `EBUSY` when there is a device of the name, `EADDRINUSE` when another process has the port, what else the
    ///   kernel refused; there is no device then.
    package init(_ settings: Settings) throws(SystemError) {
        let state = try TunnelState(settings)
        var counters: [TunnelCounters] = []
        var threads: [SystemThread] = []
        do throws(SystemError) {
            for index in 0..<max(1, settings.queues) {
                let queue = try TunnelQueue(settings, isFirst: index == 0)
                let (outbound, inbound) = (TunnelCounters(), TunnelCounters())
                counters += [outbound, inbound]
                threads.append(
                    try Self.start(state) { () throws(SystemError) in
                        var path = Outbound(state, queue, outbound)
                        try path.run()
                    })
                threads.append(
                    try Self.start(state) { () throws(SystemError) in
                        var path = Inbound(state, queue, inbound)
                        try path.run()
                    })
            }
        } catch {
            state.stop()
            for thread in threads { thread.join() }
            throw error
        }
        self.state = state
        self.counters = counters
        self.threads = Mutex(threads)
    }

    private static func start(
        _ state: TunnelState, _ body: @escaping @Sendable () throws(SystemError) -> Void
    ) throws(SystemError) -> SystemThread {
        try SystemThread {
            do throws(SystemError) { try body() } catch { state.fail(error) }
        }
    }

    /// Says which host each subnet is behind; what is on its way goes by the old table or the new one.
    package func replaceRoutes(_ routes: TunnelRoutes) {
        state.replace(routes)
    }

    /// What has become of packets so far.
    package var counts: TunnelCounts {
        counters.reduce(into: TunnelCounts()) { $1.add(to: &$0) }
    }

    /// Why nothing passes any more, such as a device that was deleted; nil while all is well.
    package var failure: SystemError? { state.error }

    deinit { stop() }

    /// Ends the threads, and with them the device.
    package func stop() {
        state.stop()
        threads.withLock { threads in
            for thread in threads { thread.join() }
            threads = []
        }
    }
}
