import CNI
import GoRPC
import LinuxSystem

/// A connection to the daemon, for one call after another.
struct DaemonClient: ~Copyable {
    private let connection: FileDescriptor
    private let path: String
    private var encoder = GobEncoder()
    private var decoder = GobDecoder()

    /// Seconds for what a daemon does at once.
    static let promptly = 10
    /// Seconds for a lease, which daemons give up after 208 by default: more than runtimes wait.
    static let patiently = 900

    /// - Throws: code 11 with the remedy when no daemon listens there, or it does not answer.
    init(_ path: String) throws(CNIError) {
        self.path = path
        do throws(SystemError) {
            connection = try Self.connect(path)
        } catch {
            throw CNIError(describing: error, askingDaemonAt: path)
        }
    }

    /// Connects if there is a daemon.
    ///
    /// - Returns: nil when there is none.
    /// - Throws: code 11 when it does not answer.
    static func ifRunning(_ path: String) throws(CNIError) -> DaemonClient? {
        do throws(SystemError) {
            return DaemonClient(try connect(path), path)
        } catch  where error.code == .noSuchFile || error.code == .connectionRefused {
            return nil
        } catch {
            throw CNIError(describing: error, askingDaemonAt: path)
        }
    }

    private init(_ connection: consuming FileDescriptor, _ path: String) {
        self.connection = connection
        self.path = path
    }

    private static func connect(_ path: String) throws(SystemError) -> FileDescriptor {
        let connection = try FileDescriptor.connected(toSocketAt: path, timeout: promptly)
        let request = RPCHandshake.request
        try connection.write(request.span)
        var received: [UInt8] = []
        let deadline = MonotonicClock.milliseconds + promptly * 1000
        while true {
            switch RPCHandshake.progress(ofReply: received) {
            // A server says nothing more before it is asked something.
            case .accepted(let length) where length == received.count: return connection
            case .incomplete: try connection.receive(into: &received, until: deadline, from: "daemon")
            case .accepted, .refused:
                throw SystemError("connect to", path, .badMessage, explanation: "no DHCP daemon's answer")
            }
        }
    }

    /// Calls a method and waits for its answer.
    ///
    /// - Parameters:
    ///   - method: its name.
    ///   - arguments: what it gets.
    ///   - timeout: seconds.
    /// - Returns: nil when the daemon has no such method.
    /// - Throws: what the daemon answered; code 11 when it ends or does not answer, or a signal asks this process to end.
    mutating func call(
        _ method: DaemonMethod, _ arguments: DaemonArguments, timeout: Int = promptly
    ) throws(CNIError) -> GobValue? {
        let (response, result) = try ask(method, arguments, timeout)
        if response.isOfUnknownMethod { return nil }
        guard response.error.isEmpty else { throw CNIError(.other, "DHCP daemon: \(response.error)") }
        return result
    }

    private mutating func ask(
        _ method: DaemonMethod, _ arguments: DaemonArguments, _ timeout: Int
    ) throws(CNIError) -> (RPCResponse, GobValue) {
        do throws(SystemError) {
            let message =
                encoder.encode(RPCRequest(method.rawValue).value, as: RPCRequest.type)
                + encoder.encode(arguments.value, as: DaemonArguments.type)
            try connection.write(message.span)
            let deadline = MonotonicClock.milliseconds + timeout * 1000
            return (RPCResponse(try next(until: deadline)), try next(until: deadline))
        } catch {
            throw CNIError(describing: error, askingDaemonAt: path)
        }
    }

    private mutating func next(until deadline: Int) throws(SystemError) -> GobValue {
        var received: [UInt8] = []
        while true {
            do throws(GobError) {
                decoder.append(received)
                received = []
                if let value = try decoder.next() { return value }
            } catch {
                throw SystemError("ask", path, .badMessage, explanation: error.description)
            }
            try connection.receive(into: &received, until: deadline, from: "daemon")
        }
    }
}

extension CNIError {
    /// Why a daemon could not be asked, and what to do about it.
    fileprivate init(describing error: SystemError, askingDaemonAt path: String) {
        switch error.code {
        case .interrupted:
            self.init(describing: error)
        case .noSuchFile, .connectionRefused:
            self.init(
                .tryAgainLater, "no DHCP daemon listens at \(path): \(error.code)",
                details:
                    "start it with \"dhcp daemon\", or with its units by \"systemctl enable --now cni-dhcp.socket\"")
        default:
            self.init(.tryAgainLater, "ask DHCP daemon at \(path): \(error.cause)")
        }
    }
}
