import Glibc
import LinuxSystem

/// The way from the daemon's start to its end.
enum DaemonMain {
    static func run(_ arguments: [String]) -> Never {
        Interruption.holdBack()
        StandardStreams.surviveClosedPipes()
        if ["-h", "-help", "--help"].contains(where: arguments.contains) {
            try? StandardStreams.writeOutput(Array((DaemonOptions.usage + "\n").utf8))
            exit(0)
        }
        do {
            try serve(DaemonOptions(arguments))
            exit(0)
        } catch let fault as DaemonOptions.Fault {
            StandardStreams.log("dhcp daemon: \(fault)\n\(DaemonOptions.usage)")
            exit(2)
        } catch {
            StandardStreams.log("dhcp daemon: \(error)")
            exit(1)
        }
    }

    private static func serve(_ options: DaemonOptions) throws {
        if !options.processFile.isEmpty {
            try File.replace(options.processFile, with: Array("\(getpid())".utf8), mode: 0o644)
        }
        defer { if !options.processFile.isEmpty { _ = try? File.remove(options.processFile) } }
        if let socket = try passedSocket() {
            var daemon = try Daemon(options, listeningAt: socket)
            return try daemon.run()
        }
        let path = options.hostPrefix + options.socketPath
        let socket = try listen(at: path)
        defer { _ = try? File.remove(path) }
        var daemon = try Daemon(options, listeningAt: socket)
        try daemon.run()
    }

    /// The socket that systemd listens at for this process: sd_listen_fds(3).
    private static func passedSocket() throws -> FileDescriptor? {
        guard ProcessEnvironment.value(of: "LISTEN_PID") == "\(getpid())",
            let text = ProcessEnvironment.value(of: "LISTEN_FDS"), let count = Int(text), count > 0
        else { return nil }
        guard count == 1 else {
            throw DaemonOptions.Fault(description: "systemd passed \(count) sockets, and one is needed")
        }
        let socket = try FileDescriptor(owning: firstPassed)
        try socket.setNonblocking()
        return socket
    }

    /// `SD_LISTEN_FDS_START`.
    private static let firstPassed: CInt = 3

    /// Listens at a path, in place of a socket that a daemon has left which ended badly.
    private static func listen(at path: String) throws(SystemError) -> FileDescriptor {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try File.makeDirectory(String(path[..<slash]), mode: 0o700)
        }
        do throws(SystemError) {
            return try FileDescriptor.listening(atSocketPath: path)
        } catch  where error.code == .addressInUse {
            do throws(SystemError) {
                _ = try FileDescriptor.connected(toSocketAt: path, timeout: 5)
            } catch  where error.code == .connectionRefused {
                try File.remove(path)
                return try FileDescriptor.listening(atSocketPath: path)
            }
            throw SystemError("listen at", path, .addressInUse, explanation: "another daemon listens there")
        }
    }
}
