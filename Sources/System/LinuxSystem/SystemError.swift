/// What the kernel refused, be it a system call or a netlink request.
///
/// Reads `create link cni0: File exists`, with the kernel's or our own explanation behind it where there is one.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried, as a verb with its kind of object: `create link`.
    public var operation: String
    /// What it was tried on, such as an interface or a path; nil where the operation says it all.
    public var subject: String?
    public var code: Errno
    /// More than the number tells: a netlink extended acknowledgement, or the remedy.
    public var explanation: String?

    public init(_ operation: String, _ subject: String? = nil, _ code: Errno, explanation: String? = nil) {
        self.operation = operation
        self.subject = subject
        self.code = code
        self.explanation = explanation
    }

    /// Why it failed, for a text that names operation and subject in other words.
    public var cause: String { explanation ?? "\(code)" }

    public var description: String {
        let action = subject.map { "\(operation) \($0)" } ?? operation
        return explanation.map { "\(action): \(code): \($0)" } ?? "\(action): \(code)"
    }
}
