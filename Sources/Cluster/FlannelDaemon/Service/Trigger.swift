/// Gives reason to look; several reasons at once are one.
struct Trigger: Sendable {
    let pulls: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (pulls, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func pull() { continuation.yield() }
}
