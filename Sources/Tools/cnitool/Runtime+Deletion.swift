import Addressing
import Attachments
import CNI
import CNIRuntime
import Leases
import LinuxSystem

extension Runtime {
    /// Deletes an attachment that cnitool made.
    ///
    /// Some plugins remove rules by the addresses of the result of ADD. Where one of these is leased to another by now, as
    /// after a lease was lost or reclaimed, the plugins are not told the result.
    ///
    /// - Throws: the error of the first plugin that failed; what keeps the leases from being looked at.
    func deleteOwn(_ request: AttachmentRequest, from list: ConfigurationList) throws {
        let addresses = cache.knownResult(of: request.attachment, in: list)?.addresses.map(\.address.address) ?? []
        let owner = Owner(request.attachment)
        let areOthers = try list.leaseOwners(of: addresses).contains { $0 != owner && $0 != owner.ofWholeContainer }
        try delete(request, from: list, tellingResult: !areOthers)
    }
}

extension ConfigurationList {
    /// To whom host-local has leased any of some addresses.
    fileprivate func leaseOwners(of addresses: [IPAddress]) throws(SystemError) -> [Owner] {
        guard !addresses.isEmpty else { return [] }
        var owners: [Owner] = []
        for root in leaseRoots where try LeaseStore.exists(network: name, root: root) {
            let store = try LeaseStore(network: name, root: root, lockTimeout: LeaseStore.patience)
            for address in addresses {
                if let owner = try store.owner(of: address) { owners.append(owner) }
            }
        }
        return owners
    }
}
