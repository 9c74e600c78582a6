#if Daemon
import Flannel
import JSON

/// What becomes of this host's own lease.
extension EtcdMembership {
    /// Takes what is written in this host's lease, by whomever.
    func takeOwn(_ record: EtcdRecord) async {
        guard var own, record.modified > own.modified else { return }
        own.modified = record.modified
        let isOtherLease = record.lease != own.lease
        own.lease = record.lease
        let present = try? LeaseAttributes(parsing: record.value)
        if let present, present.tellsTheSame(as: own.attributes) {
            own.attributes = present
            self.own = own
            status.update { $0.conflict = nil }
            if isOtherLease { await look() }
            return
        }
        self.own = own
        if isOtherLease { await look() }
        let writer = present.map { "\($0.object)" } ?? "a value that cannot be read"
        let conflict =
            "another host or person writes the lease of this host's subnet \(own.subnets): \(writer.prefix(300)); if "
            + "another host has the same public address, give one of them another by --public-ip"
        status.update { $0.conflict = conflict }
        log.say(conflict)
        let wait = reassertion.advance()
        Task { [weak self] in
            try? await Task.sleep(for: wait)
            await self?.reassert(over: record.modified)
        }
    }

    /// Writes over what somebody else has written.
    private func reassert(over revision: Int64) async {
        guard var own, own.modified == revision else { return }
        do {
            let written = try await store.write(
                own.attributes, to: own.name, lease: own.lease, ifModifiedAt: revision)
            guard let written, self.own?.modified == revision else { return }
            own.modified = written
            self.own = own
        } catch {
            storeFails(error)
        }
    }

    /// The lease is not there any more: an operator deleted it, or its time was over.
    func loseOwn() async {
        guard let own else { return }
        renewal?.cancel()
        self.own = nil
        status.update { $0.leaseEnd = nil }
        guard options.reacquires else {
            // The reference's words, which users look for.
            log.say("Lease has been revoked. Shutting down daemon.")
            await tell(.lost("the lease of \(own.subnets) is gone"))
            return
        }
        log.say("the lease of \(own.subnets) is gone, and is taken again")
        var backoff = Backoff(from: .milliseconds(100), to: .seconds(10))
        while !Task.isCancelled {
            do {
                let lease = try await store.grant()
                if let revision = try await store.write(own.attributes, to: own.name, lease: lease, ifModifiedAt: 0) {
                    self.own = Own(
                        name: own.name, subnets: own.subnets, attributes: own.attributes, lease: lease,
                        modified: revision)
                    schedule(EtcdStore.timeToLive)
                    log.say("the lease of \(own.subnets) is there again")
                    return
                }
                try? await store.revoke(lease)
                log.say("the lease of \(own.subnets) was given to another host. Shutting down daemon.")
                await tell(.lost("the lease of \(own.subnets) was given to another host"))
                return
            } catch {
                storeFails(error)
            }
            try? await backoff.wait()
        }
    }

    /// Finds out how long a lease lasts that somebody else has put in the place of this host's.
    private func look() async {
        guard let lease = own?.lease else { return }
        guard lease != 0 else {
            renewal?.cancel()
            status.update { $0.leaseEnd = nil }
            log.say("the lease of \(own.map { "\($0.subnets)" } ?? "this host") is a reservation, and does not end")
            return
        }
        // When that fails, renewing finds it out.
        schedule((try? await store.timeLeft(of: lease)) ?? 0)
    }

    /// Sees that the lease is renewed before it ends.
    ///
    /// - Parameter seconds: that it has left.
    func schedule(_ seconds: Int64) {
        let wait = RenewalSchedule.wait(
            left: .seconds(seconds), margin: options.renewMargin, chance: .random(in: 0...1))
        let end = ContinuousClock.now + .seconds(seconds)
        status.update { $0.leaseEnd = end }
        renewal?.cancel()
        renewal = Task { [weak self] in
            try? await Task.sleep(for: wait, clock: .continuous)
            await self?.renew()
        }
    }

    private func renew() async {
        var backoff = Backoff(from: .seconds(1), to: .seconds(60))
        while !Task.isCancelled, let lease = own?.lease, lease != 0 {
            do {
                guard let seconds = try await store.keepAlive(lease) else {
                    log.say("the lease of \(own.map { "\($0.subnets)" } ?? "this host") ended before it was renewed")
                    // Whether the key is gone with it, or has another one, the list tells.
                    try await list()
                    return
                }
                guard !Task.isCancelled, own?.lease == lease else { return }
                status.update { $0.renewals += 1 }
                log.say(nil, of: "renewal", recovery: "the lease is renewed again")
                schedule(seconds)
                return
            } catch {
                log.say("cannot renew the lease, and goes on trying: \(error)", of: "renewal")
            }
            try? await backoff.wait()
        }
    }
}
#endif
