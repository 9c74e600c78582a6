import Addressing
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
        let dns = try configuration.resolvConf.map { path in try CNIResult.DNS(resolvConf: path) }
        let store = try configuration.store.open()
        let allocation = Allocation(
            owner: LeaseOwner(invocation.attachment), sets: configuration.rangeSets,
            requested: configuration.requested)
        return CNIResult(
            addresses: try allocation.run(in: store), routes: configuration.routes, dns: dns ?? CNIResult.DNS())
    }

    func delete(_ invocation: Invocation) throws {
        let store = try StoreConfiguration(invocation.configuration).open()
        try store.release(LeaseOwner(invocation.attachment))
    }

    func check(_ invocation: Invocation) throws {
        let store = try StoreConfiguration(invocation.configuration).open()
        guard try !store.addresses(of: LeaseOwner(invocation.attachment)).isEmpty else {
            throw CNIError(
                .other, "host-local: Failed to find address added by container \(invocation.containerID)")
        }
    }

    func status(_ configuration: NetworkConfiguration) throws {
        let configuration = try HostLocalConfiguration(configuration)
        let leased = try configuration.store.open().leasedAddresses()
        for set in configuration.rangeSets {
            let count = leased.count { address in set.range(of: address).map { $0.gateway != address } ?? false }
            let capacity = set.capacity
            if UInt128(count) >= capacity {
                let subnets = set.ranges.map { "\($0.subnet)" }.joined(separator: ", ")
                throw CNIError(.notAvailable, "no addresses free in \(subnets) (\(count) of \(capacity) leased)")
            }
        }
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        let store = try StoreConfiguration(configuration).open()
        let validIDs = Set(valid.map(\.containerID))
        for (address, owner) in try store.leases() {
            let isValid =
                if let interfaceName = owner.interfaceName {
                    valid.contains(Attachment(containerID: owner.containerID, interfaceName: interfaceName))
                } else {
                    validIDs.contains(owner.containerID)
                }
            if !isValid { try store.release(address) }
        }
    }
}

extension LeaseOwner {
    init(_ attachment: Attachment) {
        self.init(containerID: attachment.containerID, interfaceName: attachment.interfaceName)
    }
}
