import Foundation

/// Runs a body on a thread of its own, so that bodies that wait for processes really run at once.
///
/// - Throws: what the body throws.
public func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Result { try body() })
        }
    }
}
