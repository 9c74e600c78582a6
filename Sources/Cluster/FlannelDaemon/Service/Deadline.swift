/// Runs a body that has a time to end in.
///
/// - Parameters:
///   - limit: the time, after which the body is cancelled.
///   - body: what is waited for.
/// - Returns: what the body does.
/// - Throws: what the body throws; `DeadlineError` when the time is over.
func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: limit)
            throw DeadlineError(limit: limit)
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}

/// Something took too long.
struct DeadlineError: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "no answer within \(limit.formattedSeconds) s" }
}

extension Duration {
    /// Seconds, with a fraction.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    /// Seconds as they are read aloud.
    var formattedSeconds: String {
        components.attoseconds == 0 ? "\(components.seconds)" : "\((inSeconds * 10).rounded() / 10)"
    }
}
