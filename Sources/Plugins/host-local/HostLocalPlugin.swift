import AddressPools
import Addressing
import Attachments
import CNI
import Leases
import LinuxSystem

/// Leases addresses out of ranges, kept in files on this host.
@main
struct HostLocalPlugin: CNIPlugin {
    static let name = "host-local"

    static func main() { PluginMain.run(HostLocalPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try HostLocalConfiguration(invocation.configuration, arguments: invocation.arguments)
        let dns = try configuration.resolvConf.map(CNIResult.DNS.init(resolvConf:))
        let allocation = Allocation(
            attachment: invocation.attachment, namespacePath: invocation.namespacePath, configuration: configuration)
        let addresses = try configuration.store.withStore { store in
            let addresses = try allocation.run(in: &store)
            do {
                try warnWhenFull(configuration, &store)
            } catch {
                // What is leased is leased, whatever can be said about it.
                StandardStreams.log("network \"\(configuration.store.network)\": \(error)")
            }
            return addresses
        }
        return CNIResult(addresses: addresses, routes: configuration.routes, dns: dns ?? CNIResult.DNS())
    }

    func delete(_ invocation: Invocation) throws {
        try StoreConfiguration(invocation.configuration).withStore { store in
            _ = try store.release(Owner(invocation.attachment))
        }
    }

    func status(_ configuration: NetworkConfiguration) throws {
        let configuration = try HostLocalConfiguration(configuration)
        try configuration.store.withStore { store in
            for set in configuration.pool.sets where try set.nextFree(after: nil, in: &store) == nil {
                if try store.makeRoom(reclaiming: configuration.reclaims),
                    try set.nextFree(after: nil, in: &store) != nil
                {
                    continue
                }
                throw CNIError(
                    .notAvailable,
                    "no addresses free in \(set.subnets) (\(set.capacity) of \(set.capacity) leased)")
            }
        }
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        let owners = Owner.all(of: valid)
        try StoreConfiguration(configuration).withStore { store in
            try store.release(store.allLeases().filter { !owners.contains($0.owner) })
        }
    }

    /// Says so when more of a set is leased than the configuration wants.
    private func warnWhenFull(_ configuration: HostLocalConfiguration, _ store: inout LeaseStore) throws {
        guard let percent = configuration.warnAtPercent else { return }
        for set in configuration.pool.sets {
            let capacity = set.capacity
            // Far cheaper than counting what is leased in this set alone, and enough nearly always.
            func exceeds(_ leased: Int) -> Bool {
                let (allowed, overflow) = capacity.multipliedReportingOverflow(by: UInt128(percent))
                return !overflow && UInt128(leased) * 100 > allowed
            }
            guard exceeds(store.count) else { continue }
            let leased = try store.count(in: set.leasable)
            if exceeds(leased) {
                StandardStreams.log(
                    "network \"\(configuration.store.network)\": \(leased) of \(capacity) addresses in \(set.subnets) "
                        + "are leased, more than \(percent) %")
            }
        }
    }
}
