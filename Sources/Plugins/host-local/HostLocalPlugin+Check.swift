import AddressPools
import Addressing
import Attachments
import CNI
import Leases

extension HostLocalPlugin {
    /// Compares what is leased with the attachment and, where there is one, the previous result.
    func check(_ invocation: Invocation) throws {
        let owner = Owner(invocation.attachment)
        let previous = try invocation.configuration.previousResult()
        let configuration = try StoreConfiguration(invocation.configuration)
        // Ranges that are no longer valid say nothing about leases made before.
        let pool = try? HostLocalConfiguration.pool(invocation.configuration, configuration.ipam)
        try configuration.withStore { store in
            let leased = try store.leases(of: owner).map(\.address)
            guard !leased.isEmpty else {
                throw CNIError(
                    .other, "host-local: Failed to find address added by container \(invocation.containerID)")
            }
            guard let previous else { return }
            let assigned = Set(previous.addresses(of: invocation.interfaceName).map(\.address.address))
            if let missing = leased.first(where: { !assigned.contains($0) }) {
                throw CNIError(.other, "\(missing) is leased to \(owner), but not in prevResult")
            }
            for address in assigned.subtracting(leased).sorted() {
                let other = try store.owner(of: address)
                if other != nil || pool?.place(of: address) != nil {
                    let holder = other.map { "leased to \($0)" } ?? "not leased"
                    throw CNIError(.other, "\(address) of \(owner) in prevResult is \(holder)")
                }
            }
        }
    }
}
