import Glibc

/// Calls again while a signal interrupts, and turns the C convention of -1 and errno into an error.
func retrying<Result: FixedWidthInteger & SignedInteger>(
    _ operation: String, _ subject: String? = nil, _ call: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        if errno != EINTR { throw .lastCall(operation, subject) }
    }
}

extension SystemError {
    /// The error that errno holds.
    static func lastCall(_ operation: String, _ subject: String? = nil) -> SystemError {
        SystemError(operation, subject, Errno(rawValue: errno))
    }
}
