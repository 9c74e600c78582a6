import Dispatch
import Overlay
import Synchronization

/// Tells when the kernel's state of an overlay may be otherwise.
final class KernelWatch {
    let scope: OverlayWatch.Scope
    private let source: any DispatchSourceRead

    /// - Parameters:
    ///   - scope: what is watched.
    ///   - queue: where it is read, and `changed` called.
    ///   - changed: tells somebody to look.
    /// - Throws: what the kernel refused.
    init(
        _ scope: OverlayWatch.Scope, on queue: DispatchQueue, _ changed: @escaping @Sendable () -> Void
    ) throws {
        self.scope = scope
        let box = WatchBox(try OverlayWatch(scope))
        source = DispatchSource.makeReadSource(fileDescriptor: box.descriptor, queue: queue)
        source.setEventHandler {
            // When nothing can be read, it is better to look than not to.
            if box.drain() { changed() }
        }
        source.resume()
    }

    deinit { source.cancel() }
}

/// Owns a watch that several may hold.
private final class WatchBox: Sendable {
    let descriptor: CInt
    private let watch: Mutex<OverlayWatch>

    init(_ watch: consuming sending OverlayWatch) {
        descriptor = watch.descriptorNumber
        self.watch = Mutex(watch)
    }

    func drain() -> Bool { watch.withLock { (try? $0.drain()) ?? true } }
}
