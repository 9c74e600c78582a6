import LinuxSystem

/// A message with the words that an error about it needs.
public struct NetlinkRequest: Sendable {
    public let message: NetlinkMessage
    /// What it does, such as `create link`.
    public let operation: String
    /// What it does it to, such as an interface's name.
    public let subject: String?

    public init(_ message: NetlinkMessage, _ operation: String, _ subject: String? = nil) {
        self.message = message
        self.operation = operation
        self.subject = subject
    }

    func error(_ code: Errno, _ explanation: String? = nil) -> SystemError {
        SystemError(operation, subject, code, explanation: explanation)
    }
}
