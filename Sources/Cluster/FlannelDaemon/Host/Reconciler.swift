import Addressing
import Flannel
import LinuxSystem
import Nftables
import Overlay
import PacketRules
import RouteNetlink

/// Makes the kernel's state what the network, this host's lease and the other hosts' leases say it should be.
///
/// It has a thread of its own: the kernel answers at once, but a lock may be another process's for a while.
package actor Reconciler {
    private let queue = SerialQueue("reconciler")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe queue.asUnownedSerialExecutor() }

    private let settings: Settings
    private let status: DaemonStatus
    private let log: Log

    /// What is wanted: nil before there is a lease.
    private var membership: Membership?
    private var leases = LeaseTable()
    private var underlay: HostUnderlay?
    private var written: SubnetFile?
    /// The leases that are left out and have been named.
    private var refused: [NodeSubnets: String] = [:]
    private var hasCleared = false
    /// Whether something else is wanted than at the last comparison, so that differences are no news.
    private var isOtherThanBefore = true
    private var watch: KernelWatch?

    package struct Settings: Sendable {
        package var underlay = UnderlayChoice()
        package var subnetFile = SubnetFile.defaultPath
        package var masquerades = false
        package var hasRandomPorts = true
        package var forwards = true
        package var makesBlackholeRoute = false
        /// What the table of packet rules is called.
        package var table = "flanneld"
        package var tableComment = "flanneld"

        package init() {}
    }

    /// This host's place in the network.
    struct Membership: Sendable {
        let network: ClusterNetwork
        let backend: any Backend
        let subnets: NodeSubnets
    }

    init(_ settings: Settings, status: DaemonStatus, log: Log) {
        self.settings = settings
        self.status = status
        self.log = log
    }

    /// Finds this host's interface to the others.
    func findUnderlay(_ families: [AddressFamily]) throws -> HostUnderlay {
        var host = try RouteSocket()
        let found = try HostUnderlay(settings.underlay, families: families, on: &host)
        if found != underlay { report(found) }
        underlay = found
        return found
    }

    private func report(_ found: HostUnderlay) {
        let addresses = AddressFamily.allCases.compactMap { family in
            found.local[family].map { local in
                let announced = found.announced[family] ?? local
                return "\(local)" + (announced == local ? "" : ", announced as \(announced)")
            }
        }
        log.say("Using interface with name \(found.link.name) and address \(addresses.joined(separator: " and "))")
    }

    /// The MAC addresses that this host's devices have, as far as they are there.
    func presentMACs(_ settings: VXLANBackendSettings) throws -> [AddressFamily: MACAddress] {
        var host = try RouteSocket()
        var macs: [AddressFamily: MACAddress] = [:]
        for family in AddressFamily.allCases {
            let name = VXLANBackend.deviceName(family, vni: settings.vni)
            guard let link = try host.link(named: name), link.vxlan != nil else { continue }
            macs[family] = link.mac
        }
        return macs
    }

    func set(_ membership: Membership) {
        self.membership = membership
        isOtherThanBefore = true
    }

    func set(_ leases: LeaseTable) {
        self.leases = leases
        isOtherThanBefore = true
    }

    /// What is to be known at the next start, the other hosts' leases aside; nil before there is a lease.
    func memory() -> Memory? {
        guard let membership else { return nil }
        var memory = Memory()
        memory.network = membership.network
        memory.subnets = membership.subnets
        memory.macs = membership.backend.macs
        return memory
    }

    /// What is told to people; nil before there is a lease.
    func account() -> NetworkAccount? {
        guard let membership, let underlay else { return nil }
        let backend = membership.backend
        func hosts(_ subnets: NodeSubnets, _ attributes: LeaseAttributes, isOwn: Bool) -> [NetworkAccount.Host] {
            subnets.all.map { subnet in
                NetworkAccount.Host(
                    isOwn: isOwn, subnet: subnet, publicIP: attributes.address(subnet.family),
                    mac: backend.mac(of: attributes, subnet.family), fault: isOwn ? nil : refused[subnets])
            }
        }
        return NetworkAccount(
            backend: membership.network.backend.type, fault: status.reason,
            devices: backend.devices(membership.subnets.all.map(\.family)).sorted(),
            hosts: hosts(membership.subnets, backend.attributes(underlay), isOwn: true)
                + leases.inOrder.flatMap { hosts($0.subnets, $0.attributes, isOwn: false) })
    }

    /// Hears from now on when the kernel's state may be otherwise, of what matters now.
    func listen(_ changed: @escaping @Sendable () -> Void) throws {
        guard let membership, let underlay else { return }
        let families = membership.subnets.all.map(\.family)
        let scope = OverlayWatch.Scope(
            devices: membership.backend.devices(families), underlays: [underlay.link.name],
            networks: membership.network.networks, ownSubnets: membership.subnets.all)
        guard watch?.scope != scope else { return }
        watch = try KernelWatch(scope, table: settings.table, on: queue.queue, changed)
    }

    /// Compares, and mends what is otherwise.
    ///
    /// - Returns: what the other hosts are to be told of this one; nil before there is a lease.
    /// - Throws: the first thing that was refused, after all the rest has been done.
    func reconcile() throws -> LeaseAttributes? {
        guard let membership else { return nil }
        let start = ContinuousClock.now
        defer {
            isOtherThanBefore = false
            let duration = ContinuousClock.now - start
            status.update { state in
                state.reconciliations += 1
                state.lastReconciliation = duration
            }
        }
        var failures: [any Error] = []
        let families = membership.subnets.all.map(\.family)
        do {
            _ = try findUnderlay(families)
        } catch {
            // Without a default route for a while, the interface is the same.
            guard underlay != nil else { throw error }
            if try !isStillThere() { failures.append(error) }
        }
        guard let underlay else { return nil }
        do {
            try reconcileOverlay(membership, underlay)
        } catch {
            // Without its device nobody is to be told that the host has a subnet.
            guard try isUp(membership) else { throw error }
            failures.append(error)
        }
        do {
            try reconcileRules(membership)
            try writeFile(membership, underlay)
        } catch {
            failures.append(error)
        }
        status.update { $0.outOfSync = failures.count }
        if let failure = failures.first { throw failure }
        return membership.backend.attributes(underlay)
    }

    private func isStillThere() throws -> Bool {
        guard let known = underlay else { return false }
        var host = try RouteSocket()
        guard let link = try host.link(at: known.link.index), link.name == known.link.name else { return false }
        let addresses = try host.addresses(of: link.index).map(\.address)
        return known.local.values.allSatisfy(addresses.contains)
    }

    /// Whether this host's devices are there.
    private func isUp(_ membership: Membership) throws -> Bool {
        var host = try RouteSocket()
        for device in membership.backend.devices(membership.subnets.all.map(\.family)) {
            guard try host.link(named: device)?.isUp == true else { return false }
        }
        return true
    }

    private func reconcileOverlay(_ membership: Membership, _ underlay: HostUnderlay) throws {
        let selection = PeerSelection(
            leases.inOrder, in: membership.network, besides: membership.subnets,
            announced: Array(underlay.announced.values),
            fault: membership.backend.faults(in: membership.network.pools.map(\.network.family)))
        let lock = try OverlayLock()
        var host = try RouteSocket()
        let place = BackendPlace(
            networks: membership.network.networks, underlay: underlay, own: membership.subnets, peers: selection.peers)
        let outcome = membership.backend.reconcile(place, on: &host, holding: lock)
        report(outcome.differences)
        let refusals = selection.refusals + outcome.refusals
        for refusal in refusals where refused[refusal.subnets] == nil { log.say("\(refusal)") }
        refused = Dictionary(refusals.map { ($0.subnets, $0.cause) }) { first, _ in first }
        let peers = selection.peers.filter { refused[$0.subnets] == nil }
        if settings.makesBlackholeRoute { try ensureBlackhole(membership.subnets, on: &host) }
        status.update { state in
            state.peers = peers.count
            state.refusedPeers = refused.count
        }
        if let failure = outcome.failure { throw failure }
        log.say("hosts that are routed to: \(peers.count)", of: "peers")
    }

    /// What goes to an address of this host's subnet that no container has leads nowhere.
    private func ensureBlackhole(_ subnets: NodeSubnets, on host: inout RouteSocket) throws {
        for subnet in subnets.all {
            let isThere = try host.mainRoutes(subnet.family).contains {
                $0.destination == subnet && $0.kind == .blackhole
            }
            guard !isThere else { continue }
            var route = Route(to: subnet, origin: .overlay)
            route.kind = .blackhole
            try host.perform(.add(route))
        }
    }

    private func reconcileRules(_ membership: Membership) throws {
        let parts = membership.network.pools.compactMap { pool in
            membership.subnets[pool.network.family].map { NetworkRules.Part(network: pool.network, subnet: $0) }
        }
        let rules = NetworkRules(
            table: settings.table, comment: settings.tableComment, parts: parts,
            masquerade: settings.masquerades ? (settings.hasRandomPorts ? .withRandomPorts : .withOrderedPorts) : nil,
            forwards: settings.forwards)
        var socket = try NftablesSocket()
        let mended = try rules.ensure(on: &socket)
        if !isOtherThanBefore {
            for chain in mended { log.say("rules in chain \(chain) missing, added") }
            status.update { $0.repairs += mended.count }
        }
        guard !hasCleared else { return }
        hasCleared = true
        for remains in try RulesetRemains.removeFlannel(on: &socket) {
            log.say("rules \(remains) of another flannel daemon removed, which this one takes the place of")
        }
    }

    private func writeFile(_ membership: Membership, _ underlay: HostUnderlay) throws {
        let file = SubnetFile(
            networks: membership.network.networks, subnets: membership.subnets.all,
            mtu: membership.backend.mtu(underlay), daemonMasquerades: settings.masquerades)
        guard file != written || (try? SubnetFile(path: settings.subnetFile)) != file else { return }
        try file.write(to: settings.subnetFile)
        if let written, written.mtu != file.mtu {
            log.say("MTU is \(file.mtu) now, and was \(written.mtu); containers keep theirs")
        }
        written = file
    }

    /// Tells what was mended, the first of it when there is much, and not what was only to be expected.
    private func report(_ differences: [OverlayDifference]) {
        let differences = isOtherThanBefore ? differences.filter { $0.fault == .surplus } : differences
        let limit = 20
        for difference in differences.prefix(limit) { log.say("\(difference)") }
        if differences.count > limit { log.say("and \(differences.count - limit) more") }
        status.update { $0.repairs += differences.count }
    }
}
