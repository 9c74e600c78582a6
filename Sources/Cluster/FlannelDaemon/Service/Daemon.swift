#if Daemon
import Addressing
import Dispatch
import Flannel
import Glibc
import JSON
import LinuxSystem
import NIOPosix

/// One loop: what the store says, what the kernel has, the difference; driven by events of both and by a slow timer.
package struct Daemon: Sendable {
    let options: DaemonOptions
    let status = DaemonStatus()
    let log = Log()
    let reconciler: Reconciler
    let membership: EtcdMembership
    /// Where what is known is kept for the next start.
    let memoryPath: String
    /// Has the kernel's state compared.
    let trigger = Trigger()
    /// Has what is known written down.
    let memoryTrigger = Trigger()
    private let group: MultiThreadedEventLoopGroup
    private let losses: AsyncStream<String>

    /// - Throws: when what is said of TLS will not do.
    package init(_ options: DaemonOptions) throws {
        var options = options
        let folder = options.etcd.folder
        if folder != EtcdOptions().folder {
            // A host that follows several networks has a table for each.
            let name = folder.drop { $0 == "/" }.map { $0.isLetter || $0.isNumber ? $0 : "_" }
            options.reconciler.table = "flanneld_\(String(name).prefix(100))"
        }
        options.reconciler.tableComment = "flanneld, network \(folder)"
        self.options = options
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        reconciler = Reconciler(options.reconciler, status: status, log: log)
        memoryPath = Memory.path(in: options.stateDirectory, for: folder)
        let store = EtcdStore(client: try EtcdClient(options.etcd, on: group), folder: folder)
        var membershipOptions = EtcdMembership.Options()
        membershipOptions.renewMargin = .seconds(options.renewMargin * 60)
        membershipOptions.reacquires = options.reacquiresLostLease
        let (losses, lost) = AsyncStream.makeStream(of: String.self)
        self.losses = losses
        membership = EtcdMembership(store, membershipOptions, status: status, log: log) {
            [reconciler, trigger, memoryTrigger] news in
            switch news {
            case .leases(let table):
                await reconciler.set(table)
                trigger.pull()
                memoryTrigger.pull()
            case .lost(let reason): lost.yield(reason)
            }
        }
    }

    /// Runs until a signal ends it, or the lease is lost; the data plane stays.
    ///
    /// - Throws: when the address of `/healthz` cannot be had.
    package func run() async throws -> Never {
        if options.healthPort > 0 {
            _ = try await HealthServer(options.healthAddress, port: options.healthPort, on: group, status)
        }
        let ended = AsyncStream.makeStream(of: CInt.self)
        let signals = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { ended.continuation.yield(0) }
            source.resume()
            return source
        }
        let work = Task {
            do {
                try await follow()
            } catch is CancellationError {
                return
            } catch {
                log.say("\(error)")
            }
            ended.continuation.yield(1)
        }
        let loss = Task {
            for await _ in losses { ended.continuation.yield(0) }
        }
        var status: CInt = 0
        for await ending in ended.stream {
            status = ending
            break
        }
        ServiceManager.notify("STOPPING=1")
        work.cancel()
        loss.cancel()
        signals.forEach { $0.cancel() }
        self.status.update { $0.waitingFor = "flanneld to be started again" }
        await remember()
        // What is open closes with the process, which takes less time than to wait for each of it.
        exit(status)
    }
}
#endif
