import Addressing
import Attachments
import LinuxSystem

/// Everything that is leased, read from the lease files themselves, with what an earlier index knows besides.
///
/// What the index knows of a lease counts for the very file that it was written about; another program may have made
/// the lease anew. A file without an owner, or one that has lost the end of what was written to it, is what a power
/// loss leaves. Its address becomes free again, unless the container is certainly there: then the lease is written anew.
struct LeaseSurvey {
    let boot: Boot
    private(set) var leases: [Lease] = []
    /// Addresses whose names are taken by something that is no lease.
    private(set) var obstructed: [IPAddress] = []

    /// - Parameters:
    ///   - directory: where the leases are; what is broken there is mended.
    ///   - boot: the current boot.
    ///   - log: takes a line about each broken lease.
    /// - Throws: the error of the first file that cannot be read.
    init(of directory: borrowing LeaseDirectory, boot: Boot, log: (String) -> Void) throws(SystemError) {
        self.boot = boot
        let records = directory.formerRecords()
        for address in try directory.addresses() {
            let record = records[address]
            switch try directory.lease(of: address) {
            case .absent: break
            case .foreign: obstructed.append(address)
            case .torn: try mend(address, record, directory, log)
            case .owned(let owner, let mark) where record?.isLonger(than: owner, mark) == true:
                try mend(address, record, directory, log)
            case .owned(let owner, let mark):
                let isKnown = record.map { $0.mayBelong(to: owner) && $0.vouches(for: mark) } ?? false
                leases.append(Lease(address: address, owner: owner, life: isKnown ? record?.life : nil, mark: mark))
            }
        }
    }

    /// Decides about a lease that has lost its owner, or the end of its name.
    private mutating func mend(
        _ address: IPAddress, _ record: LeaseRecord?, _ directory: borrowing LeaseDirectory, _ log: (String) -> Void
    ) throws(SystemError) {
        if let record, record.life?.holds(in: boot) ?? false, let owner = Owner(leaseFile: record.contents) {
            log("lease \(address) has lost its owner; \(owner) is alive, and has it again")
            let mark = try directory.restore(address, contents: record.contents)
            leases.append(Lease(address: address, owner: owner, life: record.life, mark: mark))
        } else {
            do throws(SystemError) {
                try directory.remove(address)
                log("lease \(address) has lost its owner, as in a power loss; the address is free again")
            } catch {
                log("lease \(address) has lost its owner, and cannot be removed: \(error)")
                obstructed.append(address)
            }
        }
    }

    /// Builds the index of what was found, and puts it in place of the former one.
    ///
    /// Where it cannot be written, as on a full disk, it lives in memory for as long as it is needed.
    func makeIndex(in directory: borrowing LeaseDirectory) throws(SystemError) -> LeaseIndex {
        do throws(SystemError) {
            let index = try makeIndex(in: .file(directory.makeIndexFile()))
            try directory.installIndexFile()
            return index
        } catch {
            directory.removeIndexFile()
            return try makeIndexInMemory()
        }
    }

    /// Builds the index of what was found for this process alone.
    func makeIndexInMemory() throws(SystemError) -> LeaseIndex {
        try makeIndex(in: .memory(SparseBytes()))
    }

    private func makeIndex(in storage: consuming IndexStorage) throws(SystemError) -> LeaseIndex {
        var index = try LeaseIndex(in: storage, expecting: leases.count + obstructed.count, boot: boot)
        for lease in leases { try index.insert(lease) }
        for address in obstructed { try index.occupy(address) }
        index.completeBuilding()
        return index
    }
}
