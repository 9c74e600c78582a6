import Addressing
import CNI
import Leases
import LinuxSystem

/// One address from each range set, or none at all.
struct Allocation {
    let owner: LeaseOwner
    let sets: [RangeSet]
    let requested: [IPAddress]

    /// - Throws: code 7 for a request that no set can fulfil, 11 when a set has no address left; nothing is leased
    ///   then.
    func run(in store: borrowing LeaseStore) throws -> [CNIResult.Address] {
        let choices = try choices()
        var taken: [IPAddress] = []
        do {
            return try sets.enumerated().map { index, set in
                let (address, range) = try reserve(choices[index], in: set, number: index, store)
                taken.append(address)
                guard let assigned = InterfaceAddress(address, prefixLength: range.subnet.prefixLength) else {
                    throw CNIError(.other, "\(address) does not fit \(range.subnet)")
                }
                return CNIResult.Address(assigned, gateway: range.gateway)
            }
        } catch {
            // Only what this call took: an earlier ADD's address is still in use.
            for address in taken { try? store.release(address) }
            throw error
        }
    }

    /// Which requested address each set is to give.
    ///
    /// - Throws: code 7 when there are more than the sets can give.
    private func choices() throws(CNIError) -> [IPAddress?] {
        var left: [IPAddress] = []
        for address in requested where !left.contains(address) { left.append(address) }
        let choices = sets.map { set in
            left.firstIndex { set.range(of: $0) != nil }.map { left.remove(at: $0) }
        }
        guard left.isEmpty else {
            let list = left.map { "\($0)" }.joined(separator: " ")
            throw CNIError(.invalidConfiguration, "failed to allocate all requested IPs: \(list)")
        }
        return choices
    }

    private func reserve(
        _ choice: IPAddress?, in set: RangeSet, number: Int, _ store: borrowing LeaseStore
    ) throws -> (IPAddress, AddressRange) {
        let (address, range) =
            if let choice {
                try reserveRequested(choice, in: set, number: number, store)
            } else {
                try reserveNext(in: set, number: number, store)
            }
        do {
            try store.setLastReserved(address, inSet: number)
        } catch {
            try? store.release(address)
            throw error
        }
        return (address, range)
    }

    private func reserveRequested(
        _ address: IPAddress, in set: RangeSet, number: Int, _ store: borrowing LeaseStore
    ) throws -> (IPAddress, AddressRange) {
        guard let range = set.range(of: address), address != range.gateway else {
            throw failure(.invalidConfiguration, number, "requested ip \(address) is subnet's gateway")
        }
        guard try store.reserve(address, for: owner) else {
            throw failure(
                .tryAgainLater, number, "requested IP address \(address) is not available in range set \(set)")
        }
        return (address, range)
    }

    private func reserveNext(
        in set: RangeSet, number: Int, _ store: borrowing LeaseStore
    ) throws -> (IPAddress, AddressRange) {
        if let present = try store.addresses(of: owner).first(where: { set.range(of: $0) != nil }) {
            throw failure(
                .other, number,
                "\(present) has been allocated to \(owner.containerID), duplicate allocation is not allowed")
        }
        for (address, range) in set.candidates(after: try store.lastReserved(inSet: number))
        where try store.reserve(address, for: owner) {
            return (address, range)
        }
        throw failure(.tryAgainLater, number, "no IP addresses available in range set: \(set)")
    }

    private func failure(_ code: CNIError.Code, _ number: Int, _ reason: String) -> CNIError {
        CNIError(code, "failed to allocate for range \(number): \(reason)")
    }
}
