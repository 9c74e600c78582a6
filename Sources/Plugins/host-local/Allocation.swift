import AddressPools
import Addressing
import Attachments
import CNI
import Leases
import LinuxSystem

/// One address from each range set, or none at all.
struct Allocation {
    let attachment: Attachment
    let namespacePath: String?
    let configuration: HostLocalConfiguration

    private var owner: Owner { Owner(attachment) }

    /// - Throws: code 7 for a request that no set can fulfil, 11 when a set has no address left; nothing is leased
    ///   then.
    func run(in store: inout LeaseStore) throws -> [CNIResult.Address] {
        let choices = try choices()
        var taken: [IPAddress] = []
        do {
            return try configuration.rangeSets.enumerated().map { index, set in
                let (address, range) = try take(choices[index], from: set, number: index, in: &store, &taken)
                guard let assigned = InterfaceAddress(address, prefixLength: range.subnet.prefixLength) else {
                    throw CNIError(.other, "\(address) does not fit \(range.subnet)")
                }
                return CNIResult.Address(assigned, gateway: range.gateway)
            }
        } catch {
            // Only what this call took: an earlier ADD's address is still in use.
            for address in taken { try? store.release(Lease(address: address, owner: owner)) }
            throw error
        }
    }

    /// Which requested address each set is to give.
    ///
    /// - Throws: code 7 when there are more than the sets can give.
    private func choices() throws(CNIError) -> [IPAddress?] {
        var left: [IPAddress] = []
        for address in configuration.requested where !left.contains(address) { left.append(address) }
        let choices = configuration.rangeSets.map { set in
            left.firstIndex { set.range(of: $0) != nil }.map { left.remove(at: $0) }
        }
        guard left.isEmpty else {
            let list = left.map { "\($0)" }.joined(separator: " ")
            throw CNIError(.invalidConfiguration, "failed to allocate all requested IPs: \(list)")
        }
        return choices
    }

    private typealias Taken = (address: IPAddress, range: AddressRange)

    /// Takes an address for good: what was leased anew is remembered for undoing.
    private func take(
        _ choice: IPAddress?, from set: RangeSet, number: Int, in store: inout LeaseStore, _ taken: inout [IPAddress]
    ) throws -> Taken {
        if let again = try renewed(choice, of: set, number: number, in: &store) { return again }
        if choice == nil, let former = try formerAddress(in: set, number: number, &store) {
            taken.append(former.address)
            return former
        }
        let found =
            if let choice {
                try requested(choice, from: set, number: number, in: &store)
            } else {
                try next(from: set, number: number, in: &store)
            }
        taken.append(found.address)
        try store.setLastReserved(found.address, inSet: number)
        try remember(found.address, number: number, in: store)
        return found
    }

    /// The address that this owner has already, if the container it was leased to has certainly ended.
    ///
    /// - Throws: code 999 when it may be running; where an address is requested, it is its own fault.
    private func renewed(
        _ choice: IPAddress?, of set: RangeSet, number: Int, in store: inout LeaseStore
    ) throws -> Taken? {
        for lease in try store.leases(of: owner) where choice == nil || lease.address == choice {
            guard let range = set.range(of: lease.address) else { continue }
            if configuration.reclaims, store.isOver(lease) {
                try store.renew(lease, namespacePath: namespacePath)
                return (lease.address, range)
            }
            guard choice == nil else { break }
            throw failure(
                .other, number,
                "\(lease.address) has been allocated to \(owner.containerID), duplicate allocation is not allowed")
        }
        return nil
    }

    private func requested(
        _ address: IPAddress, from set: RangeSet, number: Int, in store: inout LeaseStore
    ) throws -> Taken {
        guard let range = set.range(of: address), address != range.gateway else {
            throw failure(.invalidConfiguration, number, "requested ip \(address) is subnet's gateway")
        }
        guard set.reserved(address, of: range) == nil else {
            throw failure(.invalidConfiguration, number, "requested IP address \(address) is excluded")
        }
        if try reserve(address, in: &store) { return (address, range) }
        if try store.makeRoom(reclaiming: configuration.reclaims), try reserve(address, in: &store) {
            return (address, range)
        }
        throw failure(.tryAgainLater, number, "requested IP address \(address) is not available in range set \(set)")
    }

    private func next(from set: RangeSet, number: Int, in store: inout LeaseStore) throws -> Taken {
        let last = try store.lastReserved(inSet: number)
        repeat {
            // More than once only when somebody without the lock takes addresses meanwhile.
            for _ in 0..<8 {
                guard let found = try set.nextFree(after: last, in: &store) else { break }
                if try reserve(found.address, in: &store) { return found }
            }
        } while try store.makeRoom(reclaiming: configuration.reclaims) && set.nextFree(after: last, in: &store) != nil
        throw failure(.tryAgainLater, number, "no IP addresses available in range set: \(set)")
    }

    /// The address that the pod had last, where it is to have that and nobody else has it.
    private func formerAddress(in set: RangeSet, number: Int, _ store: inout LeaseStore) throws -> Taken? {
        guard let name = memoryName(number), let address = try store.addressMemory().address(of: name),
            let range = set.range(of: address), set.reserved(address, of: range) == nil,
            try reserve(address, in: &store)
        else { return nil }
        return (address, range)
    }

    private func remember(_ address: IPAddress, number: Int, in store: borrowing LeaseStore) throws {
        guard let name = memoryName(number) else { return }
        try store.addressMemory().remember(address, for: name)
    }

    private func memoryName(_ number: Int) -> String? {
        configuration.pod.map { "\($0)/\(attachment.interfaceName)/\(number)" }
    }

    private func reserve(_ address: IPAddress, in store: inout LeaseStore) throws(SystemError) -> Bool {
        try store.reserve(address, for: owner, namespacePath: namespacePath)
    }

    private func failure(_ code: CNIError.Code, _ number: Int, _ reason: String) -> CNIError {
        CNIError(code, "failed to allocate for range \(number): \(reason)")
    }
}

extension RangeSet {
    /// The next address that can be leased and is not.
    func nextFree(
        after last: IPAddress?, in store: inout LeaseStore
    ) throws(SystemError) -> (address: IPAddress, range: AddressRange)? {
        try next(after: last) { (part) throws(SystemError) in try store.firstFree(in: part) }
    }
}
