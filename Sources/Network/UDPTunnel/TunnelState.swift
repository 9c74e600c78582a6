import Addressing
import LinuxSystem
import Synchronization

/// What the threads of a tunnel share.
final class TunnelState: Sendable {
    let settings: Tunnel.Settings
    let errors: ErrorSender.RawSocket
    private let signal: StopSignal
    private let isStopping = Atomic(false)
    private let routes = Mutex(TunnelRoutes())
    private let version = Atomic(0)
    private let failure = Mutex<SystemError?>(nil)

    init(_ settings: Tunnel.Settings) throws(SystemError) {
        self.settings = settings
        errors = try ErrorSender.RawSocket()
        signal = try StopSignal()
    }

    func replace(_ new: TunnelRoutes) {
        routes.withLock { $0 = new }
        version.add(1, ordering: .releasing)
    }

    /// A thread's own copy of the table, taken anew when there is another.
    struct RoutesView {
        private(set) var routes = TunnelRoutes()
        private var version = 0

        mutating func refresh(from state: TunnelState) {
            let current = state.version.load(ordering: .acquiring)
            guard current != version else { return }
            routes = state.routes.withLock { $0 }
            version = current
        }
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        signal.raise()
    }

    var isStopped: Bool { isStopping.load(ordering: .relaxed) }

    /// Waits for something to read, or the end.
    func wait(for descriptor: borrowing FileDescriptor) throws(SystemError) {
        _ = try signal.waitUntilReadable(descriptor)
    }

    /// Why a thread has ended that was not stopped.
    var error: SystemError? { failure.withLock { $0 } }

    func fail(_ error: SystemError) {
        failure.withLock { $0 = $0 ?? error }
        // One direction alone is no tunnel.
        stop()
    }
}

/// One of several ways through a tunnel, each of which has two threads.
final class TunnelQueue: Sendable {
    let device: FileDescriptor
    let socket: FileDescriptor

    init(_ settings: Tunnel.Settings, isFirst: Bool) throws(SystemError) {
        device = try .tunnelQueue(of: settings.device, isFirst: isFirst)
        socket = try .datagramSocket(
            at: settings.local.rawValue, port: settings.port, bufferSize: Self.bufferSize, isFirst: isFirst)
    }

    private static let bufferSize: CInt = 8 << 20
}
