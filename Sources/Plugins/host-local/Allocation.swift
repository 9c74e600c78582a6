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
        let former = try formerLeases(choices, in: &store)
        // First of all: what makes room for others would end these.
        try store.renew(former.values.map(\.lease), namespacePath: namespacePath)
        var taken = former.values.map(\.lease)
        do {
            return try configuration.pool.sets.enumerated().map { number, set in
                let (address, range) =
                    if let former = former[number] {
                        (former.lease.address, former.range)
                    } else {
                        try take(choices[number], from: set, number: number, in: &store, &taken)
                    }
                guard let assigned = InterfaceAddress(address, prefixLength: range.subnet.prefixLength) else {
                    throw CNIError(.other, "\(address) does not fit \(range.subnet)")
                }
                return CNIResult.Address(assigned, gateway: range.gateway)
            }
        } catch {
            // Only what this call took: an earlier ADD's address is still in use.
            try? store.release(taken)
            throw error
        }
    }

    private typealias Place = (address: IPAddress, range: AddressRange)

    /// Which requested address each set is to give, by its number.
    ///
    /// - Throws: code 7 when there are more than the sets can give.
    private func choices() throws(CNIError) -> [Int: IPAddress] {
        var choices: [Int: IPAddress] = [:]
        var (seen, left): (Set<IPAddress>, [IPAddress]) = ([], [])
        for address in configuration.requested where seen.insert(address).inserted {
            if let set = configuration.pool.place(of: address)?.set, choices[set] == nil {
                choices[set] = address
            } else {
                left.append(address)
            }
        }
        guard left.isEmpty else {
            let list = left.map { "\($0)" }.joined(separator: " ")
            throw CNIError(.invalidConfiguration, "failed to allocate all requested IPs: \(list)")
        }
        return choices
    }

    private typealias Former = (lease: Lease, range: AddressRange)

    /// What this owner has already of each set, by its number, where the container that it was leased to has certainly
    /// ended.
    ///
    /// - Throws: code 999 when it may be running; where an address is requested, it is its own fault.
    private func formerLeases(
        _ choices: [Int: IPAddress], in store: inout LeaseStore
    ) throws -> [Int: Former] {
        var former: [Int: Former] = [:]
        for lease in try store.leases(of: owner) {
            guard let (number, range) = configuration.pool.place(of: lease.address).map({ ($0.set, $0.range) }),
                former[number] == nil, choices[number] == nil || choices[number] == lease.address
            else { continue }
            if configuration.reclaims, store.isOver(lease) {
                former[number] = (lease, range)
            } else if choices[number] == nil {
                throw failure(
                    .other, number,
                    "\(lease.address) has been allocated to \(owner.containerID), "
                        + "duplicate allocation is not allowed")
            }
        }
        return former
    }

    /// Takes an address for good: what was leased anew is noted for undoing.
    private func take(
        _ choice: IPAddress?, from set: RangeSet, number: Int, in store: inout LeaseStore, _ taken: inout [Lease]
    ) throws -> Place {
        if choice == nil, let former = try formerAddress(in: set, number: number, &store) {
            taken.append(Lease(address: former.address, owner: owner))
            return former
        }
        let found =
            if let choice {
                try requested(choice, from: set, number: number, in: &store)
            } else {
                try next(from: set, number: number, in: &store)
            }
        taken.append(Lease(address: found.address, owner: owner))
        try store.setLastReserved(found.address, inSet: number)
        remember(found.address, number: number, in: store)
        return found
    }

    private func requested(
        _ address: IPAddress, from set: RangeSet, number: Int, in store: inout LeaseStore
    ) throws -> Place {
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

    private func next(from set: RangeSet, number: Int, in store: inout LeaseStore) throws -> Place {
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
    private func formerAddress(in set: RangeSet, number: Int, _ store: inout LeaseStore) throws -> Place? {
        guard let name = memoryName(number), let address = try? store.addressMemory().address(of: name),
            let range = set.range(of: address), set.reserved(address, of: range) == nil,
            try reserve(address, in: &store)
        else { return nil }
        return (address, range)
    }

    /// What cannot be remembered costs the pod its address the next time, and nothing now.
    private func remember(_ address: IPAddress, number: Int, in store: borrowing LeaseStore) {
        guard let name = memoryName(number) else { return }
        do {
            try store.addressMemory().remember(address, for: name)
        } catch {
            StandardStreams.log("remember the address of \(name): \(error)")
        }
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
