import Glibc
package import LinuxSystem

/// A connection to a message bus: D-Bus Specification, "Authentication Protocol" and "Message Bus Specification".
package struct DBusConnection: ~Copyable {
    private let socket: FileDescriptor
    private let path: String
    private var received: [UInt8] = []
    private var lastSerial: UInt32 = 0

    /// Milliseconds that an answer may take.
    private static let patience = 10_000

    /// What a call brought.
    package enum Reply: Hashable, Sendable {
        case values([DBusValue])
        case refused(name: String, message: String)
    }

    /// Connects to the system bus, at the address that `DBUS_SYSTEM_BUS_ADDRESS` gives if it is set.
    ///
    /// - Returns: nil when there is none, as on machines without services on it, or none with a path.
    /// - Throws: `EACCES` when it does not want this process; what else keeps it from answering.
    package static func systemBus() throws(SystemError) -> DBusConnection? {
        let address = ProcessEnvironment.value(of: "DBUS_SYSTEM_BUS_ADDRESS")
        guard let path = socketPath(inAddress: address ?? "unix:path=/run/dbus/system_bus_socket") else { return nil }
        do throws(SystemError) {
            return try connected(toSocketAt: path)
        } catch  where [.noSuchFile, .notDirectory, .connectionRefused].contains(error.code) {
            return nil
        }
    }

    /// The path in an address such as `unix:path=/run/bus,guid=12;unix:abstract=x`; nil when there is none.
    static func socketPath(inAddress address: String) -> String? {
        for transport in address.split(separator: ";") where transport.hasPrefix("unix:") {
            for pair in transport.dropFirst("unix:".count).split(separator: ",") where pair.hasPrefix("path=") {
                return String(pair.dropFirst("path=".count))
            }
        }
        return nil
    }

    /// - Throws: the error of connect(2); `EACCES` when the bus does not want this process.
    package static func connected(toSocketAt path: String) throws(SystemError) -> DBusConnection {
        let socket = try FileDescriptor.connected(toSocketAt: path, timeout: patience / 1000)
        var connection = DBusConnection(socket, path)
        try connection.introduce()
        return connection
    }

    private init(_ socket: consuming FileDescriptor, _ path: String) {
        self.socket = socket
        self.path = path
    }

    /// Says who this process is and has the bus give it a name.
    private mutating func introduce() throws(SystemError) {
        let digits = "\(geteuid())".utf8.map { String($0, radix: 16) }.joined()
        // All at once, since the answers are known; whoever is not who it says to be is told so.
        var hello = DBusMessage.toBus("Hello")
        lastSerial = 1
        hello.serial = lastSerial
        try socket.write(([0] + Array("AUTH EXTERNAL \(digits)\r\nBEGIN\r\n".utf8) + hello.encoded).span)
        let deadline = MonotonicClock.milliseconds + Self.patience
        let answer = try line(until: deadline)
        guard answer.hasPrefix("OK "), case .values = try reply(to: lastSerial, until: deadline) else {
            throw SystemError("connect to", path, .accessDenied, explanation: "D-Bus answers \"\(answer)\"")
        }
    }

    /// Whether a service of a name runs.
    package mutating func hasOwner(_ name: String) throws(SystemError) -> Bool {
        try call(.toBus("NameHasOwner", .string(name))) == .values([.boolean(true)])
    }

    /// Calls a method and waits for its answer.
    ///
    /// - Parameter message: the call; its serial is set.
    /// - Returns: what the one that was called says, or the bus, if it is not there.
    /// - Throws: `ETIMEDOUT`, or `EINTR` when a signal asks this process to end; what else keeps the bus from answering.
    package mutating func call(_ message: DBusMessage) throws(SystemError) -> Reply {
        let serial = try send(message)
        return try reply(to: serial, until: MonotonicClock.milliseconds + Self.patience)
    }

    /// Sends a message.
    ///
    /// - Returns: the serial that it got.
    /// - Throws: the error of write(2).
    @discardableResult
    package mutating func send(_ message: DBusMessage) throws(SystemError) -> UInt32 {
        lastSerial &+= 1
        var message = message
        message.serial = lastSerial
        try socket.write(message.encoded.span)
        return lastSerial
    }

    /// Waits for the next message.
    ///
    /// - Parameter deadline: in milliseconds of the monotonic clock.
    /// - Returns: the message.
    /// - Throws: `ETIMEDOUT` after the deadline, `ECONNRESET` when the bus has ended, `EBADMSG` for what is no message.
    package mutating func next(until deadline: Int) throws(SystemError) -> DBusMessage {
        while true {
            if let length = try DBusMessage.length(atStartOf: received), length <= received.count {
                let message = try DBusMessage(parsing: Array(received.prefix(length)))
                received.removeFirst(length)
                return message
            }
            try socket.receive(into: &received, until: deadline, from: path)
        }
    }

    /// Waits for an answer, passing over what else comes.
    private mutating func reply(to serial: UInt32, until deadline: Int) throws(SystemError) -> Reply {
        while true {
            let message = try next(until: deadline)
            guard message.replySerial == serial else { continue }
            guard message.kind == .error else { return .values(message.body) }
            return .refused(name: message.errorName ?? "", message: message.body.first?.string ?? "")
        }
    }

    private mutating func line(until deadline: Int) throws(SystemError) -> String {
        let limit = 1024
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: received[..<end].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
                received.removeFirst(end + 1)
                return text
            }
            guard received.count < limit else { throw SystemError("connect to", path, .badMessage) }
            try socket.receive(into: &received, until: deadline, from: path)
        }
    }
}
