/// How long to wait before something that failed is tried again: twice as long each time, less by chance up to half, so
/// that hosts which lost the same thing at once do not all come back at once.
struct Backoff: Sendable {
    private let first: Duration
    private let longest: Duration
    private var next: Duration

    init(from first: Duration, to longest: Duration) {
        self.first = first
        self.longest = longest
        next = first
    }

    /// The time to wait now.
    mutating func advance() -> Duration {
        let wait = next * Double.random(in: 0.5...1)
        next = min(next * 2, longest)
        return wait
    }

    /// Waits.
    ///
    /// - Throws: `CancellationError`.
    mutating func wait() async throws {
        try await Task.sleep(for: advance())
    }

    /// Begins again, after a success.
    mutating func reset() { next = first }
}
