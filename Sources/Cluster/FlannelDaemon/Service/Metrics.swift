import UDPTunnel

/// What monitoring reads, in Prometheus' text form (version 0.0.4).
struct Metrics {
    private(set) var text = ""

    init(_ state: DaemonStatus.State, isReady: Bool, tunnel: TunnelCounts? = nil) {
        add("ready", "Whether the host is in step with the network.", isReady ? 1 : 0)
        add("peers", "Hosts that this one routes to.", state.peers)
        add("peers_refused", "Hosts that are left out, since their leases will not do.", state.refusedPeers)
        add("out_of_sync", "Parts of the kernel's state that are otherwise and could not be mended.", state.outOfSync)
        add("store_up", "Whether the store answers.", state.storeFault == nil ? 1 : 0)
        add("lease_conflict", "Whether somebody else writes this host's lease.", state.conflict == nil ? 0 : 1)
        if let end = state.leaseEnd {
            let left = (end - ContinuousClock.now).inSeconds
            add("lease_seconds_left", "Seconds until the lease ends unless it is renewed.", max(0, left))
        }
        add(
            "reconcile_seconds", "Seconds that the last comparison with the kernel took.",
            state.lastReconciliation.inSeconds)
        count("reconciliations", "Comparisons with the kernel.", state.reconciliations)
        count("reconcile_failures", "Comparisons after which something was still otherwise.", state.failures)
        count("repairs", "Things in the kernel that were otherwise and have been mended.", state.repairs)
        count("store_events", "Changes of other hosts' leases.", state.storeEvents)
        count("store_listings", "Readings of all leases.", state.listings)
        count("lease_renewals", "Renewals of the lease.", state.renewals)
        guard let tunnel else { return }
        count("udp_sent", "Packets to other hosts.", tunnel.sent)
        count("udp_received", "Packets from other hosts.", tunnel.received)
        count("udp_unroutable", "Packets to a subnet of no host.", tunnel.unroutable)
        count("udp_expired", "Packets whose last hop this was.", tunnel.expired)
        count("udp_misdirected", "Packets from outside to none of this host's subnets.", tunnel.misdirected)
        count("udp_malformed", "Packets that are no IPv4.", tunnel.malformed)
        count("udp_refused", "Packets that the kernel did not take.", tunnel.refused)
    }

    private mutating func add(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
        append("flanneld_\(name)", help, "gauge", value)
    }

    private mutating func count(_ name: String, _ help: String, _ value: Int) {
        append("flanneld_\(name)_total", help, "counter", value)
    }

    private mutating func append(
        _ name: String, _ help: String, _ type: String, _ value: some CustomStringConvertible
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(name) \(value)\n"
    }
}
