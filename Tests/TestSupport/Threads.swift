import Foundation
package import LinuxSystem
import Synchronization

/// Runs a body on a thread of its own, so that bodies that wait for processes really run at once.
///
/// - Throws: what the body throws.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Result { try body() })
        }
    }
}

extension NetworkNamespace {
    /// Runs a body on several threads at once, each of them inside the namespace, and returns what they threw.
    package borrowing func concurrently(
        _ threads: Int, _ body: @escaping @Sendable (Int) throws(SystemError) -> Void
    ) throws -> [SystemError] {
        let path = path
        let errors = Mutex<[SystemError]>([])
        let ended = DispatchSemaphore(value: 0)
        for index in 0..<threads {
            Thread {
                do throws(SystemError) {
                    let namespace = try NetworkNamespace(path: path)
                    try namespace.run { () throws(SystemError) in try body(index) }
                } catch {
                    errors.withLock { $0.append(error) }
                }
                ended.signal()
            }.start()
        }
        for _ in 0..<threads { ended.wait() }
        return errors.withLock { $0 }
    }
}
