import LinuxSystem

/// A message with the words that an error about it needs.
public struct NetlinkRequest: Sendable {
    public let message: NetlinkMessage
    /// What it does, such as `create link`.
    public let operation: String
    private let object: (any CustomStringConvertible & Sendable)?

    public init(_ message: NetlinkMessage, _ operation: String, _ subject: String? = nil) {
        self.message = message
        self.operation = operation
        object = subject
    }

    /// The same with a subject that is only put into words for an error.
    public init(
        _ message: NetlinkMessage, _ operation: String, describing subject: some CustomStringConvertible & Sendable
    ) {
        self.message = message
        self.operation = operation
        object = subject
    }

    /// What it does it to, such as an interface's name.
    public var subject: String? { object.map { "\($0)" } }

    func error(_ code: Errno, _ explanation: String? = nil) -> SystemError {
        SystemError(operation, subject, code, explanation: explanation)
    }
}
