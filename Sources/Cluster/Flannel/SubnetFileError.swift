package import LinuxSystem

/// Why a `subnet.env` says nothing.
package struct SubnetFileError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// It is not there, as long as the daemon has not got so far, or cannot be read.
        case unreadable(SystemError)
        /// A known key has a value that is none; lines count from 1.
        case malformed(line: Int, key: String, String)
        /// Keys are not there.
        case incomplete(missing: [String])
    }

    package let reason: Reason
    package let path: String

    init(_ reason: Reason, path: String) {
        self.reason = reason
        self.path = path
    }

    /// In the reference's words, where it has any: users look for them.
    package var description: String {
        switch reason {
        case .unreadable(let error): "\(error.operation) \(path): \(error.cause.lowercased())"
        case .malformed(let line, let key, let cause): "\(path) line \(line): \(key): \(cause)"
        case .incomplete(let missing): "\(path) is missing \(missing.joined(separator: ", "))"
        }
    }
}
