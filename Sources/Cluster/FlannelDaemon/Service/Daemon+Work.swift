#if Daemon
import Addressing
import Flannel
import JSON
import LinuxSystem

/// What is done between start and end.
extension Daemon {
    /// Joins the network, and keeps the host in step with it.
    ///
    /// - Throws: `CancellationError`.
    func follow() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.reconcileWhenTold() }
            group.addTask { try await self.rememberWhenTold() }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(self.options.resyncPeriod))
                    self.trigger.pull()
                }
            }
            group.addTask {
                try await self.join()
                try await self.membership.follow()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: Joining

    /// Gets a lease, whatever that has to wait for.
    private func join() async throws {
        let memory = Memory(path: memoryPath)
        var previous = memory.subnets
        do throws(SubnetFileError) {
            previous = NodeSubnets(try SubnetFile(path: options.reconciler.subnetFile).subnets) ?? previous
        } catch {
            if case .unreadable(let cause) = error.reason, cause.code == .noSuchFile {} else { log.say("\(error)") }
        }
        var backoff = Backoff(from: .seconds(1), to: .seconds(5))
        var isByMemory = false
        while true {
            do {
                status.update { $0.waitingFor = $0.waitingFor == nil ? nil : "the network configuration" }
                let network = try await membership.store.network()
                let backend = try await backend(of: network, macs: memory.macs)
                let underlay = try await reconciler.findUnderlay(network.pools.map(\.network.family))
                let subnets = try await membership.acquire(
                    network, backend.attributes(underlay), previous: previous)
                await reconciler.set(Reconciler.Membership(network: network, backend: backend, subnets: subnets))
                trigger.pull()
                return
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                status.update { $0.waitingFor = $0.waitingFor == nil ? nil : "\(error)" }
                if error is EtcdError {
                    await membership.storeFails(error)
                    if !isByMemory { isByMemory = await goOn(by: memory) }
                } else {
                    log.say("waiting: \(error)", of: "start")
                }
            }
            try await backoff.wait()
        }
    }

    /// The backend that the network asks for.
    private func backend(of network: ClusterNetwork, macs: [AddressFamily: MACAddress]) async throws -> any Backend {
        switch network.backend.type {
        case VXLANBackend.type: return try await vxlan(of: network, macs: macs)
        case HostGatewayBackend.type:
            return try HostGatewayBackend(await reconciler.findUnderlay(network.pools.map(\.network.family)))
        case UDPBackend.type:
            return try UDPBackend(UDPBackendSettings(reading: network.backend.settings), of: network, status.tunnel)
        default:
            // The reference's words, which users look for.
            throw NetworkConfigurationError.invalid(
                "Error fetching backend: unknown backend type: \(network.backend.type)")
        }
    }

    /// With the MAC addresses that this host's devices have, or have had.
    private func vxlan(of network: ClusterNetwork, macs: [AddressFamily: MACAddress]) async throws -> VXLANBackend {
        let settings = try VXLANBackendSettings(reading: network.backend.settings)
        let present = try await reconciler.presentMACs(settings)
        let pairs = network.pools.map(\.network.family).map { family in
            (family, present[family] ?? macs[family] ?? MACAddress(locallyAdministeredFrom: .random(in: 0 ... .max)))
        }
        return VXLANBackend(settings: settings, macs: Dictionary(uniqueKeysWithValues: pairs))
    }

    /// Forwards by what was known last, as long as the store does not answer.
    ///
    /// - Returns: false when too little is known.
    private func goOn(by memory: Memory) async -> Bool {
        guard let network = memory.network, let subnets = memory.subnets,
            let backend = try? await backend(of: network, macs: memory.macs),
            (try? await reconciler.findUnderlay(network.pools.map(\.network.family))) != nil
        else { return false }
        var table = LeaseTable()
        _ = table.replaceAll(memory.leases)
        log.say(
            "the network is as it was known last: subnet \(subnets), \(table.leases.count) other hosts; changes come "
                + "when etcd answers")
        await reconciler.set(table)
        await reconciler.set(Reconciler.Membership(network: network, backend: backend, subnets: subnets))
        trigger.pull()
        return true
    }

    // MARK: Keeping in step

    private func reconcileWhenTold() async throws {
        var backoff = Backoff(from: .milliseconds(200), to: .seconds(30))
        for await _ in trigger.pulls {
            do {
                guard let attributes = try await reconciler.reconcile() else { continue }
                status.update { $0.kernelFault = nil }
                log.say(nil, of: "kernel", recovery: "the kernel's state is as it should be again")
                backoff.reset()
                try await becomeReady()
                // The store may not answer for a while, and the kernel does not wait for it.
                Task { try? await membership.announce(attributes) }
            } catch {
                status.update { state in
                    state.kernelFault = "\(error)"
                    state.failures += 1
                }
                log.say("\(error)", of: "kernel")
                let wait = backoff.advance()
                Task {
                    try await Task.sleep(for: wait)
                    trigger.pull()
                }
            }
        }
    }

    /// Tells once that the host has its subnet, and listens to the kernel from then on.
    private func becomeReady() async throws {
        let isNew = status.update { state in
            defer { state.waitingFor = nil }
            return state.waitingFor != nil
        }
        try await reconciler.listen { [trigger] in trigger.pull() }
        memoryTrigger.pull()
        guard isNew else { return }
        log.say("flanneld is ready")
        ServiceManager.notify("READY=1")
    }

    // MARK: Remembering

    /// Keeps what is known on disk, not more often than every few seconds.
    private func rememberWhenTold() async throws {
        for await _ in memoryTrigger.pulls {
            await remember()
            try await Task.sleep(for: .seconds(5))
        }
    }

    func remember() async {
        await tell()
        guard var memory = await reconciler.memory() else { return }
        memory.leases = await membership.table.records
        let present = Memory(path: memoryPath)
        guard memory != present else { return }
        do throws(SystemError) {
            try memory.write(to: memoryPath)
            log.say(nil, of: "memory")
        } catch {
            log.say("what is known cannot be kept for the next start: \(error)", of: "memory")
        }
    }

    /// Tells people how the network is, beside `subnet.env`; nothing depends on it.
    private func tell() async {
        guard let account = await reconciler.account() else { return }
        let path = NetworkAccount.path(besides: options.reconciler.subnetFile)
        let digest = account.hashValue
        guard status.read().account != digest || !File.isRegular(path) else { return }
        do throws(SystemError) {
            try account.write(to: path)
            status.update { $0.account = digest }
            log.say(nil, of: "account")
        } catch {
            log.say("what cnitool shows of the network cannot be written: \(error)", of: "account")
        }
    }
}
#endif
