import LinuxSystem
import Synchronization

/// Lines on standard error, for people; what stays as it is is told once.
package final class Log: Sendable {
    private let told = Mutex<[String: String]>([:])

    package init() {}

    func say(_ line: String) { StandardStreams.log(line) }

    /// Tells how something is, unless it was told the same before.
    ///
    /// - Parameters:
    ///   - state: nil when all is well again, which is told with `recovery` if it was not.
    ///   - subject: what is told of.
    ///   - recovery: nil to tell nothing.
    func say(_ state: String?, of subject: String, recovery: String? = nil) {
        let line = told.withLock { told -> String? in
            guard told[subject] != state else { return nil }
            told[subject] = state
            return state ?? recovery
        }
        if let line { say(line) }
    }
}
