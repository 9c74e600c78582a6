package import Addressing
package import Attachments
package import LinuxSystem

/// The leases of one network; holding the store is holding its lock.
///
/// What a lease file says counts; the index beside it only says where to look, so the cost of a call does not depend
/// on how many leases there are. A lease is made by link(2), which fails when the address is taken, and is ended after
/// reading whose it is: an index that were wrong in any way could cost time, but never give an address out twice.
///
/// Durability: a process may be killed at any instant. After a power loss, leases and cursors of the last seconds may
/// be missing or empty, since nothing is synced. That gives no address to two containers: none of them outlives the
/// power, an empty file is found and removed when the store is first opened after the boot, and a runtime's late DEL of
/// a container whose lease was lost frees nothing, because only the owner's own lease is ever removed. Syncing the
/// lease and its directory would preserve leases of the dead, for several times the cost of everything else.
package struct LeaseStore: ~Copyable {
    private let directory: LeaseDirectory
    private let lock: FileLock
    private let boot: Boot
    private let log: (String) -> Void
    private var index: LeaseIndex

    /// Where leases are kept unless a configuration says otherwise.
    package static let defaultRoot = "/var/lib/cni/networks"

    /// Opens a network's store, making it when there is none, and waits for its lock.
    ///
    /// The process survives a limit of file sizes from then on: where the index is beyond it, it is in memory.
    ///
    /// - Parameters:
    ///   - network: a name that `Identifier` has found valid, since it becomes part of a path.
    ///   - root: the directory that holds those of all networks.
    ///   - lockTimeout: milliseconds to wait for the lock.
    ///   - boot: the boot to go by; nil for the current one.
    ///   - log: takes a line about every lease that is found broken, and each that is reclaimed.
    /// - Throws: the error of mkdir(2), open(2) or flock(2), with the path as its subject; `ETIMEDOUT` when somebody
    ///   else keeps the lock; `EINTR` when a signal that is held back ends the wait for it.
    package init(
        network: String, root: String = Self.defaultRoot, lockTimeout: Int, boot: Boot? = nil,
        log: @escaping (String) -> Void = StandardStreams.log
    ) throws(SystemError) {
        FileSizeLimit.failCalls()
        let directory = try LeaseDirectory(network: network, root: root)
        let lock = try directory.lock(timeout: lockTimeout)
        let index = try Self.openIndex(directory, boot, log)
        self.directory = directory
        self.lock = lock
        self.boot = index.boot
        self.log = log
        self.index = index
    }

    deinit {
        // Marking comes after all changes and under the lock, so a mark that is still there vouches for all of them.
        guard !index.isSealed, let stamp = directory.mark() else { return }
        try? index.seal(stamp)
    }

    private static func openIndex(
        _ directory: borrowing LeaseDirectory, _ boot: Boot?, _ log: (String) -> Void
    ) throws(SystemError) -> LeaseIndex {
        let id = boot?.id ?? BootID.current()
        if id != .unknown, let index = try directory.index(boot: id) { return index }
        let boot = boot ?? Boot(id, on: MachineID.current())
        return try LeaseSurvey(of: directory, boot: boot, log: log).makeIndex(in: directory)
    }

    // MARK: What is leased

    /// What an owner has; where there is nothing, what old versions leased to the whole container.
    package mutating func leases(of owner: Owner) throws(SystemError) -> [Lease] {
        let exact = try leases(ofExactly: owner)
        return exact.isEmpty && owner.interfaceName != nil ? try leases(ofExactly: owner.ofWholeContainer) : exact
    }

    /// Who has an address, nil when nobody is known to.
    package func owner(of address: IPAddress) throws(SystemError) -> Owner? {
        try directory.lease(of: address).owner
    }

    /// When an address was leased.
    package func modificationTime(of address: IPAddress) throws(SystemError) -> FileTime {
        try directory.modificationTime(of: address)
    }

    /// All leases, in the order of their addresses; reads every one of them.
    package mutating func allLeases() throws(SystemError) -> [Lease] {
        try lookAtDirectory().leases.sorted { $0.address < $1.address }
    }

    /// The first address of a range that nobody has.
    package mutating func firstFree(in range: IPRange) throws(SystemError) -> IPAddress? {
        try ask { (index) throws(SystemError) in try index.firstFree(in: range) }
    }

    /// How many leases there are in all.
    package var count: Int { index.count }

    /// How many addresses of some ranges are taken, which must be apart from each other.
    package mutating func count(in ranges: [IPRange]) throws(SystemError) -> Int {
        try ask { (index) throws(SystemError) in try index.count(in: ranges) }
    }

    // MARK: Leasing

    /// Leases an address.
    ///
    /// - Parameters:
    ///   - address: what is leased.
    ///   - owner: to whom.
    ///   - namespacePath: what tells later whether the owner is alive; nil keeps the lease whatever happens.
    /// - Returns: false when somebody has it already.
    /// - Throws: the error of open(2), write(2) or link(2); nothing is leased then.
    package mutating func reserve(
        _ address: IPAddress, for owner: Owner, namespacePath: String?
    ) throws(SystemError) -> Bool {
        guard let range = IPRange(first: address, last: address), try firstFree(in: range) != nil else {
            return false
        }
        let draft = directory.draw(for: owner)
        let life = life(namespacePath)
        let drawn = Lease(address: address, owner: owner, life: life, mark: draft?.mark)
        // The record first: a lease whose maker is killed has its proof of life.
        try change { (index) throws(SystemError) in try index.insert(drawn) }
        do throws(SystemError) {
            switch try directory.grant(address, to: owner, by: draft) {
            case .made(drawn.mark): break
            case .made(let mark): try replace(drawn, by: Lease(address: address, owner: owner, life: life, mark: mark))
            case .taken:
                try lookAtDirectory()
                return false
            }
        } catch {
            try? change { (index) throws(SystemError) in try index.remove([drawn]) }
            throw error
        }
        if index.isCrowded { try lookAtDirectory() }
        return true
    }

    /// Puts a lease into the index in the place of another one.
    ///
    /// - Throws: when that fails; the lease has ended then.
    private mutating func replace(_ former: Lease, by lease: Lease) throws(SystemError) {
        do throws(SystemError) {
            try change { (index) throws(SystemError) in
                try index.remove([former])
                try index.insert(lease)
            }
        } catch {
            _ = try? directory.remove(lease.address)
            throw error
        }
    }

    /// Gives leases to their owners anew, who are now other containers of the same ids.
    package mutating func renew(_ leases: [Lease], namespacePath: String?) throws(SystemError) {
        // The marks first: what was known of the ended containers must not count for these.
        let renewed = try leases.map { (lease) throws(SystemError) in
            Lease(
                address: lease.address, owner: lease.owner, life: life(namespacePath),
                mark: try directory.renewMark(of: lease.address))
        }
        guard !renewed.isEmpty else { return }
        try change { (index) throws(SystemError) in
            try index.remove(leases)
            for lease in renewed { try index.insert(lease) }
        }
    }

    /// Whether the container of a lease is running; nil when that is not certain.
    package func isAlive(_ lease: Lease) -> Bool? { lease.life?.isAlive(in: boot) }

    /// Whether the container of a lease has certainly ended, and with it the boot that it ran in.
    package func isOver(_ lease: Lease) -> Bool { lease.life?.isOver(in: boot) ?? false }

    // MARK: Releasing

    /// Ends leases, which must be their owners' still.
    ///
    /// - Throws: the error of the first that cannot be removed, when all others have been.
    package mutating func release(_ leases: [Lease]) throws(SystemError) {
        var released: [Lease] = []
        var failure: SystemError?
        for lease in leases {
            do throws(SystemError) {
                try directory.remove(lease.address)
                released.append(lease)
            } catch {
                failure = failure ?? error
            }
        }
        if !released.isEmpty { try change { (index) throws(SystemError) in try index.remove(released) } }
        if let failure { throw failure }
    }

    /// Ends all leases of an owner; where there is none, those that old versions made for the whole container.
    ///
    /// - Returns: the addresses that are free now.
    @discardableResult
    package mutating func release(_ owner: Owner) throws(SystemError) -> [IPAddress] {
        let owned = try leases(of: owner)
        try release(owned)
        return owned.map(\.address)
    }

    /// Looks for addresses that are taken for nothing, when there is none left: those of broken leases, and of
    /// containers that have certainly ended.
    ///
    /// That reads every lease, so unless some are from earlier boots it is done only when it takes a hundredth of the
    /// time since it was done last.
    ///
    /// - Parameter reclaiming: whether leases of ended containers are to be ended.
    /// - Returns: whether there may be free addresses now.
    /// - Throws: the error of the first file that cannot be read or removed.
    package mutating func makeRoom(reclaiming: Bool) throws(SystemError) -> Bool {
        let millisecondsPerLease = 1
        let isDue = MonotonicClock.milliseconds - index.builtAt >= index.count * millisecondsPerLease
        guard isDue || reclaiming && index.earlierBootCount > 0 else { return false }
        let survey = try lookAtDirectory()
        let ended = reclaiming ? survey.leases.filter { isOver($0) } : []
        try release(ended)
        for lease in ended {
            log(
                "lease \(lease.address) of \(lease.owner) reclaimed: made before the last boot, and "
                    + "\(lease.life?.namespacePath ?? "its namespace") is gone")
        }
        return true
    }

    // MARK: Memory

    /// The address of a range set that was leased last, whether or not it still is.
    package func lastReserved(inSet set: Int) throws(SystemError) -> IPAddress? {
        try directory.cursor(ofSet: set)
    }

    /// Remembers where the next search in a range set begins.
    package mutating func setLastReserved(_ address: IPAddress, inSet set: Int) throws(SystemError) {
        try index.unseal()
        try directory.setCursor(address, ofSet: set)
    }

    /// The addresses that pods have had.
    ///
    /// - Throws: the error of openat(2).
    package func addressMemory() throws(SystemError) -> AddressMemory {
        AddressMemory(file: try directory.openMemory())
    }

    // MARK: The index

    private mutating func leases(ofExactly owner: Owner) throws(SystemError) -> [Lease] {
        let (found, areTrue) = try verifiedRecords(of: owner)
        if areTrue { return found }
        try lookAtDirectory()
        return try verifiedRecords(of: owner).leases
    }

    /// The leases that the index has of an owner and that are there, and whether all are.
    private mutating func verifiedRecords(of owner: Owner) throws(SystemError) -> (leases: [Lease], areTrue: Bool) {
        var leases: [Lease] = []
        var areTrue = true
        let records = try ask { (index) throws(SystemError) in try index.records(of: owner) }
        for record in records {
            switch try directory.lease(of: record.address) {
            case .owned(owner, let mark):
                let life = record.vouches(for: mark) ? record.life : nil
                leases.append(Lease(address: record.address, owner: owner, life: life, mark: mark))
            default: areTrue = false
            }
        }
        return (leases, areTrue)
    }

    private func life(_ namespacePath: String?) -> ProofOfLife? {
        guard boot.id != .unknown else { return nil }
        return namespacePath.map { ProofOfLife(namespacePath: $0, boot: boot) }
    }

    /// Reads every lease and builds the index from them.
    @discardableResult
    private mutating func lookAtDirectory() throws(SystemError) -> LeaseSurvey {
        let survey = try LeaseSurvey(of: directory, boot: boot, log: log)
        index = try survey.makeIndex(in: directory)
        return survey
    }

    /// Asks the index; one that does not check is no answer, and is built again from the files.
    private mutating func ask<Answer>(
        _ body: (borrowing LeaseIndex) throws(SystemError) -> Answer
    ) throws(SystemError) -> Answer {
        do throws(SystemError) {
            return try body(index)
        } catch {
            try lookAtDirectory()
            return try body(index)
        }
    }

    /// Changes the index; one that does not check is built again, and where there is no room for it, as on a full disk,
    /// the process goes on with one in memory.
    private mutating func change(
        _ body: (inout LeaseIndex) throws(SystemError) -> Void
    ) throws(SystemError) {
        do throws(SystemError) {
            try index.unseal()
            return try body(&index)
        } catch {
            if error.code == .badMessage {
                try lookAtDirectory()
                if (try? body(&index)) != nil { return }
            }
            let survey = try LeaseSurvey(of: directory, boot: boot, log: log)
            index = try survey.makeIndexInMemory()
            try body(&index)
        }
    }
}
