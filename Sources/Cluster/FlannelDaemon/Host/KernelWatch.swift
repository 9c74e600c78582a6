import Dispatch
import LinuxSystem
import Nftables
import Overlay
import Synchronization

/// Tells when the kernel's state of an overlay, or its packet rules, may be otherwise.
final class KernelWatch {
    let scope: OverlayWatch.Scope
    private let sources: [any DispatchSourceRead]

    /// - Parameters:
    ///   - scope: what is watched of links, routes and neighbours.
    ///   - table: the name of the table of packet rules.
    ///   - queue: where events are read, and `changed` called.
    ///   - changed: tells somebody to look.
    /// - Throws: what the kernel refused.
    init(
        _ scope: OverlayWatch.Scope, table: String, on queue: DispatchQueue, _ changed: @escaping @Sendable () -> Void
    ) throws {
        self.scope = scope
        let overlay = OverlayEars(try OverlayWatch(scope))
        let rules = RulesEars(try NftablesMonitor(tableNamed: table))
        // When nothing can be read, it is better to look than not to.
        sources = [
            Self.source(overlay.descriptor, queue) { if overlay.drain() { changed() } },
            Self.source(rules.descriptor, queue) { if rules.drain() { changed() } },
        ]
    }

    deinit { sources.forEach { $0.cancel() } }

    private static func source(
        _ descriptor: CInt, _ queue: DispatchQueue, _ body: @escaping @Sendable () -> Void
    ) -> any DispatchSourceRead {
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler(handler: DispatchWorkItem(block: body))
        source.resume()
        return source
    }
}

/// Own what listens, for handlers that may be copied.
private final class OverlayEars: Sendable {
    let descriptor: CInt
    private let watch: Mutex<OverlayWatch>

    init(_ watch: consuming sending OverlayWatch) {
        descriptor = watch.descriptorNumber
        self.watch = Mutex(watch)
    }

    func drain() -> Bool { watch.withLock { (try? $0.drain()) ?? true } }
}

private final class RulesEars: Sendable {
    let descriptor: CInt
    private let monitor: Mutex<NftablesMonitor>

    init(_ monitor: consuming sending NftablesMonitor) {
        descriptor = monitor.descriptorNumber
        self.monitor = Mutex(monitor)
    }

    func drain() -> Bool { monitor.withLock { (try? $0.drain()) ?? true } }
}
