#if Daemon
import Addressing
import Flannel
import JSON

/// This host's place among the others, as etcd has it: its own lease, and what becomes of theirs.
actor EtcdMembership {
    let store: EtcdStore
    let options: Options
    let status: DaemonStatus
    let log: Log
    private let report: @Sendable (News) async -> Void

    /// The other hosts' leases.
    var table = LeaseTable()
    /// This host's.
    var own: Own?
    /// Up to where the leases are known, and of which store.
    var position: EtcdHeader?
    /// Asks for more time when it is due.
    var renewal: Task<Void, Never>?
    /// How long to wait before another writer of the lease is written over.
    var reassertion = Backoff(from: .seconds(4), to: .seconds(300))

    struct Options: Sendable {
        /// How long before its end the lease is renewed.
        var renewMargin = Duration.seconds(3600)
        /// Whether a lease that is lost is taken again, and does not end the daemon.
        var reacquires = false
    }

    /// This host's lease.
    struct Own: Sendable {
        let name: String
        let subnets: NodeSubnets
        var attributes: LeaseAttributes
        /// The lease of etcd's that it ends with; 0 for a reservation, which does not end.
        var lease: Int64
        /// When it was last written.
        var modified: Int64
    }

    enum News: Sendable {
        /// Something of the other hosts' leases is otherwise.
        case leases(LeaseTable)
        /// This host's lease is gone.
        case lost(String)
    }

    init(
        _ store: EtcdStore, _ options: Options, status: DaemonStatus, log: Log,
        report: @escaping @Sendable (News) async -> Void
    ) {
        self.store = store
        self.options = options
        self.status = status
        self.log = log
        self.report = report
    }

    func tell(_ news: News) async { await report(news) }

    // MARK: Acquisition

    /// Gets this host a lease: the one that it has, the one that it had, or a new one.
    ///
    /// - Parameters:
    ///   - network: whose subnets they are.
    ///   - attributes: what the others are told.
    ///   - previous: what this host had before; nil where that is not known.
    /// - Returns: what is leased.
    /// - Throws: `AcquisitionError`, `EtcdError`; `CancellationError`.
    func acquire(
        _ network: ClusterNetwork, _ attributes: LeaseAttributes, previous: NodeSubnets?
    ) async throws -> NodeSubnets {
        for _ in 0..<Self.attempts {
            let listing = try await store.leases()
            guard let found = try await attempt(listing, network, attributes, previous) else { continue }
            own = found
            await takeOver(listing)
            return found.subnets
        }
        throw AcquisitionError.raced(attempts: Self.attempts)
    }

    private static let attempts = 10

    /// - Returns: nil when another host was faster, so that it has to be tried again.
    private func attempt(
        _ listing: EtcdStore.Listing, _ network: ClusterNetwork, _ attributes: LeaseAttributes,
        _ previous: NodeSubnets?
    ) async throws -> Own? {
        var taken = listing.records
        if let record = ownRecord(in: listing, attributes, previous) {
            if let subnets = LeaseKey.subnets(in: record.name), subnets.fits(network) {
                log.say("the lease of \(subnets) has this host's public address, and is used again")
                return try await reuse(record, subnets, attributes)
            }
            log.say("the lease \(store.name(of: record)) of this host does not fit the network any more, deleted")
            try await store.delete(record)
            taken.removeAll { $0.key == record.key }
        }
        let leased = taken.compactMap { LeaseKey.subnets(in: $0.name) }
        return try await create(try choose(network, previous, besides: leased), network, attributes)
    }

    /// The lease with this host's address; of several the one that it had before.
    private func ownRecord(
        in listing: EtcdStore.Listing, _ attributes: LeaseAttributes, _ previous: NodeSubnets?
    ) -> EtcdRecord? {
        let own = listing.records.filter { record in
            guard LeaseKey.subnets(in: record.name) != nil, let other = try? LeaseAttributes(parsing: record.value)
            else { return false }
            // Without IPv4 all hosts have the same IPv4 address, which is none.
            return attributes.publicIP != nil
                ? other.publicIP == attributes.publicIP : other.publicIPv6 == attributes.publicIPv6
        }
        return own.first { LeaseKey.subnets(in: $0.name) == previous } ?? own.first
    }

    private func choose(
        _ network: ClusterNetwork, _ previous: NodeSubnets?, besides leased: [NodeSubnets]
    ) throws -> NodeSubnets {
        if let previous {
            let other = leased.first { lease in
                lease.all.contains { subnet in previous.all.contains(where: subnet.overlaps) }
            }
            if !previous.fits(network) {
                log.say("the subnet that this host had, \(previous), does not fit the network any more", of: "previous")
            } else if let other {
                log.say(
                    "the subnet that this host had, \(previous), is in the lease \(other) of another", of: "previous")
            } else {
                return previous
            }
        }
        var generator = SystemRandomNumberGenerator()
        guard let free = SubnetChoice.free(in: network, besides: leased, using: &generator) else {
            throw AcquisitionError.outOfSubnets(network.pools.map { "\($0.first) to \($0.last)" })
        }
        return free
    }

    private func create(
        _ subnets: NodeSubnets, _ network: ClusterNetwork, _ attributes: LeaseAttributes
    ) async throws -> Own? {
        let name = LeaseKey.name(for: subnets, placeholderLength: network.writtenSubnetLength)
        let lease = try await store.grant()
        guard let revision = try await store.write(attributes, to: name, lease: lease, ifModifiedAt: 0) else {
            try? await store.revoke(lease)
            return nil
        }
        schedule(EtcdStore.timeToLive)
        return Own(name: name, subnets: subnets, attributes: attributes, lease: lease, modified: revision)
    }

    /// Goes on with a lease that is there, which is only written where it tells something else.
    private func reuse(
        _ record: EtcdRecord, _ subnets: NodeSubnets, _ attributes: LeaseAttributes
    ) async throws -> Own? {
        let name = store.name(of: record)
        let present = try LeaseAttributes(parsing: record.value)
        let attributes = attributes.keepingUnknown(of: present)
        var lease = record.lease
        if lease != 0 {
            let seconds = try await store.keepAlive(lease)
            // One that somebody made for a short time would have to be renewed all the time.
            if let seconds, seconds >= EtcdStore.timeToLive / 2 {
                schedule(seconds)
            } else {
                lease = try await store.grant()
                schedule(EtcdStore.timeToLive)
            }
        }
        if lease == record.lease && present == attributes {
            return Own(
                name: name, subnets: subnets, attributes: attributes, lease: lease, modified: record.modified)
        }
        let written = try await store.write(attributes, to: name, lease: lease, ifModifiedAt: record.modified)
        guard let written else {
            if lease != record.lease { try? await store.revoke(lease) }
            return nil
        }
        return Own(name: name, subnets: subnets, attributes: attributes, lease: lease, modified: written)
    }

    /// Tells the others what is otherwise with this host.
    func announce(_ attributes: LeaseAttributes) async throws {
        guard var own, !own.attributes.tellsTheSame(as: attributes) else { return }
        let attributes = attributes.keepingUnknown(of: own.attributes)
        // Whoever wrote it meanwhile is seen by the watch.
        let written = try await store.write(
            attributes, to: own.name, lease: own.lease, ifModifiedAt: own.modified)
        guard let written else { return }
        own.attributes = attributes
        own.modified = written
        self.own = own
    }
}

/// Why there is no lease.
enum AcquisitionError: Error, CustomStringConvertible {
    case outOfSubnets([String])
    case raced(attempts: Int)

    var description: String {
        switch self {
        case .outOfSubnets(let ranges): "out of subnets: all of \(ranges.joined(separator: " and of ")) are leased"
        case .raced(let attempts): "other hosts were faster \(attempts) times"
        }
    }
}
#endif
