public import Addressing
public import LinuxSystem

/// The leases of one network; holding the store is holding its lock.
///
/// Each lease is a file named as its address, in the reference's layout, so both programs can share a directory.
public struct LeaseStore: ~Copyable {
    private let directory: String
    private let lock: FileLock

    /// Where leases are kept unless a configuration says otherwise.
    public static let defaultRoot = "/var/lib/cni/networks"

    /// Opens a network's store, making it when there is none, and waits for its lock.
    ///
    /// - Parameters:
    ///   - network: a name that `Identifier` has found valid, since it becomes part of a path.
    ///   - root: the directory that holds those of all networks.
    /// - Throws: the error of mkdir(2), open(2) or flock(2), with the path as its subject.
    public init(network: String, root: String = Self.defaultRoot) throws(SystemError) {
        directory = "\(root)/\(network)"
        try File.makeDirectory(directory, mode: 0o755)
        lock = try FileLock(path: "\(directory)/lock", mode: 0o750)
    }

    /// Leases an address.
    ///
    /// - Returns: false when somebody has it already.
    /// - Throws: the error of open(2), write(2) or link(2); nothing is leased then.
    public func reserve(_ address: IPAddress, for owner: LeaseOwner) throws(SystemError) -> Bool {
        // Written whole before it appears under its name: a crash leaves no lease without an owner.
        let draft = "\(directory)/.lease"
        try File.replace(draft, with: owner.contents, mode: 0o600)
        defer { _ = try? File.remove(draft) }
        return try File.link(draft, to: path(of: address))
    }

    /// Takes back a lease that this process has just made.
    public func release(_ address: IPAddress) throws(SystemError) {
        try File.remove(path(of: address))
    }

    /// Ends all leases of an owner; where there is none, those that old versions made for the whole container.
    ///
    /// - Returns: the addresses that are free now.
    @discardableResult
    public func release(_ owner: LeaseOwner) throws(SystemError) -> [IPAddress] {
        let owned = try addresses(of: owner)
        for address in owned { try release(address) }
        return owned
    }

    /// What an owner has; where there is nothing, what old versions leased to the whole container.
    public func addresses(of owner: LeaseOwner) throws(SystemError) -> [IPAddress] {
        let all = try leases()
        let exact = all.filter { $0.owner == owner }
        let found = exact.isEmpty ? all.filter { $0.owner == owner.ofWholeContainer } : exact
        return found.map(\.address)
    }

    /// All leases with their owners, those of torn files aside.
    public func leases() throws(SystemError) -> [(address: IPAddress, owner: LeaseOwner)] {
        var leases: [(address: IPAddress, owner: LeaseOwner)] = []
        for address in try leasedAddresses() {
            do throws(SystemError) {
                if let owner = LeaseOwner(contents: try File.read(path(of: address), limit: 4096)) {
                    leases.append((address, owner))
                }
            } catch  where error.code == .noSuchFile {
                // Deleted by hand meanwhile.
            }
        }
        return leases
    }

    /// The addresses that nobody else can have, torn files included.
    public func leasedAddresses() throws(SystemError) -> [IPAddress] {
        try File.names(in: directory).compactMap { IPAddress($0) }
    }

    /// The address of a range set that was leased last, whether or not it still is.
    public func lastReserved(inSet set: Int) throws(SystemError) -> IPAddress? {
        do throws(SystemError) {
            return IPAddress(String(decoding: try File.read(cursor(of: set), limit: 256), as: UTF8.self))
        } catch  where error.code == .noSuchFile {
            return nil
        }
    }

    /// Remembers where the next search in a range set begins.
    public func setLastReserved(_ address: IPAddress, inSet set: Int) throws(SystemError) {
        try File.replace(cursor(of: set), with: Array("\(address)".utf8), mode: 0o600)
    }

    private func path(of address: IPAddress) -> String { "\(directory)/\(address)" }

    private func cursor(of set: Int) -> String { "\(directory)/last_reserved_ip.\(set)" }
}

extension LeaseOwner {
    fileprivate var ofWholeContainer: LeaseOwner {
        LeaseOwner(containerID: containerID, interfaceName: nil)
    }
}
