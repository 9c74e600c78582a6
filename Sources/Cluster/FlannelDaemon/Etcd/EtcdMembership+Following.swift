#if Daemon
import Flannel
import JSON

/// What becomes of the leases.
extension EtcdMembership {
    /// Follows the leases for ever, and reports what is otherwise.
    ///
    /// - Throws: `CancellationError`.
    func follow() async throws {
        var backoff = Backoff(from: .milliseconds(100), to: .seconds(5))
        while true {
            let start = ContinuousClock.now
            do {
                try await watch()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                try Task.checkCancellation()
                await recover(from: error)
            }
            if ContinuousClock.now - start > .seconds(30) { backoff.reset() }
            try await backoff.wait()
        }
    }

    /// Takes all leases as they are, this host's own aside.
    func takeOver(_ listing: EtcdStore.Listing) async {
        position = listing.header
        status.update { $0.listings += 1 }
        storeAnswers()
        let others = listing.records.filter { store.name(of: $0) != own?.name }
        let changes = table.replaceAll(others.map(store.tableRecord))
        tell(changes)
        await tell(.leases(table))
    }

    private func watch() async throws {
        if position == nil { try await list() }
        guard let position else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await self.store.watch(from: position.revision + 1) { try await self.take($0) }
                throw EtcdError.unreachable(["the watch has ended"])
            }
            group.addTask { try await self.check() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Reads all leases, and looks whether this host's is among them.
    func list() async throws {
        let listing = try await store.leases()
        let record = listing.records.first { store.name(of: $0) == own?.name }
        await takeOver(listing)
        if let record {
            await takeOwn(record)
        } else if own != nil {
            await loseOwn()
        }
    }

    /// Asks now and then, since a watch does not tell that there is nobody to tell anything.
    private func check() async throws {
        while true {
            try await Task.sleep(for: .seconds(Double.random(in: 45...75)))
            let endpoint = store.client.endpoint
            let header = try await store.header()
            // Another member has answered: the one that the watch is with may be there and say nothing.
            guard store.client.endpoint == endpoint else { throw EtcdError.unreachable(["\(endpoint): no answer"]) }
            try verify(header)
        }
    }

    /// Sees that the store is the one that was listed, and has not gone back to an earlier state.
    private func verify(_ header: EtcdHeader) throws {
        guard let position else { return }
        guard header.cluster == position.cluster, header.revision >= position.revision else {
            throw EtcdError.replaced
        }
    }

    private func recover(from error: any Error) async {
        switch error as? EtcdError {
        case .compacted?, .replaced?, .tooLong?:
            log.say("etcd: \(error); all leases are read anew")
            position = nil
        case .malformed?:
            position = nil
            storeFails(error)
        default:
            storeFails(error)
        }
    }

    func storeFails(_ error: any Error) {
        let what = if case .refused? = error as? EtcdError { "etcd refuses" } else { "etcd does not answer" }
        status.update { $0.storeFault = "\(what): \(error)" }
        log.say("\(what), \(own == nil ? "and is waited for" : "what was known last is kept"): \(error)", of: "store")
    }

    private func storeAnswers() {
        status.update { $0.storeFault = nil }
        log.say(nil, of: "store", recovery: "etcd answers again")
    }

    private func take(_ part: EtcdWatchPart) async throws -> Bool {
        if part.isCanceled {
            let isCompacted = part.compacted > 0 || part.cancelReason.contains("compacted")
            throw isCompacted ? EtcdError.compacted : .refused(code: 0, "the watch was cancelled: \(part.cancelReason)")
        }
        if part.isCreated {
            try verify(part.header)
            storeAnswers()
        }
        var changes: [LeaseTable.Change] = []
        for event in part.events {
            switch event {
            case .put(let record):
                advance(to: record.modified)
                if store.name(of: record) == own?.name {
                    await takeOwn(record)
                } else if let change = table.take(store.tableRecord(record)) {
                    changes.append(change)
                }
            case .delete(let record):
                advance(to: record.modified)
                if store.name(of: record) == own?.name {
                    await loseOwn()
                } else if let change = table.remove(store.name(of: record)) {
                    changes.append(change)
                }
            }
        }
        // Between events the header may be ahead of what has been told; a part without any says that nothing is left.
        if part.events.isEmpty && !part.isCreated { advance(to: part.header.revision) }
        guard !changes.isEmpty else { return true }
        status.update { $0.storeEvents += changes.count }
        tell(changes)
        await tell(.leases(table))
        return true
    }

    private func advance(to revision: Int64) {
        guard let position, revision > position.revision else { return }
        self.position = position.advanced(to: revision)
    }

    /// Tells a person; of hosts that come and go at once the first, and what cannot be read in any case, since it is not told again.
    private func tell(_ changes: [LeaseTable.Change]) {
        let limit = 20
        var untold = 0
        for (number, change) in changes.enumerated() {
            if number < limit || change.isUnreadable { log.say("\(change)") } else { untold += 1 }
        }
        if untold > 0 { log.say("and \(untold) changes more of other hosts") }
    }
}
#endif
