import Addressing
import Attachments
import Glibc
import LinuxSystem

/// The files of a network's leases, in the reference's layout to the byte, so both programs can share a directory.
///
/// `<root>/<network>` has the lock, a file for each lease and one for each range set's cursor. What the reference does
/// not know is in `<root>/.<network>`: it reads whatever is in its own directory, and a network's name never begins
/// with a dot.
struct LeaseDirectory: ~Copyable {
    private let leases: Directory
    private let state: Directory

    /// Bytes; no container id is that long.
    private static let leaseLimit = 4096
    private static let draft = "draft"
    private static let lockName = "lock"

    init(network: String, root: String) throws(SystemError) {
        let leases = try Directory(making: "\(root)/\(network)", mode: 0o755)
        let state = try Directory(making: "\(root)/.\(network)", mode: 0o700)
        self.leases = leases
        self.state = state
    }

    /// Waits for the lock, the reference's own.
    func lock(timeout: Int?) throws(SystemError) -> FileLock {
        let file = try leases.open(Self.lockName, O_RDONLY | O_CREAT, mode: 0o750)
        return try FileLock(file, path: leases.path(of: Self.lockName), timeout: timeout)
    }

    /// Looks at what is leased under an address.
    func lease(of address: IPAddress) throws(SystemError) -> LeaseFile {
        do throws(SystemError) {
            let file = try leases.open("\(address)", O_RDONLY | O_NONBLOCK)
            let status = try file.status()
            guard status.isRegular, status.size <= Self.leaseLimit else { return .foreign }
            let contents = try file.read(count: status.size, at: 0)
            return Owner(leaseFile: contents).map { .owned($0, LeaseMark(status)) } ?? .torn
        } catch {
            switch error.code.rawValue {
            case ENOENT: return .absent
            // A symbolic link, and a socket.
            case ELOOP, ENXIO: return .foreign
            default: throw error
            }
        }
    }

    /// When a lease was made.
    func modificationTime(of address: IPAddress) throws(SystemError) -> FileTime {
        try leases.open("\(address)", O_RDONLY | O_NONBLOCK).status().modificationTime
    }

    /// The addresses whose names are taken, in no order.
    func addresses() throws(SystemError) -> [IPAddress] {
        try leases.names().compactMap { name in
            // A file of another spelling is in nobody's way.
            IPAddress(name).flatMap { "\($0)" == name ? $0 : nil }
        }
    }

    /// Writes a lease that has no address yet.
    ///
    /// - Returns: its mark when it has one.
    /// - Throws: the error of open(2) or write(2).
    func draw(for owner: Owner) throws(SystemError) -> LeaseMark? {
        try writeDraft(owner.leaseFile)
    }

    /// Gives that lease its address, under whose name it appears whole.
    ///
    /// - Returns: false when something has the name already.
    /// - Throws: the error of link(2); there is no lease then.
    func grant(_ address: IPAddress) throws(SystemError) -> Bool {
        defer { _ = try? state.remove(Self.draft) }
        return try state.link(Self.draft, to: leases, "\(address)")
    }

    /// Writes a lease again whose bytes were lost.
    ///
    /// - Returns: its mark when it has one.
    func restore(_ address: IPAddress, contents: [UInt8]) throws(SystemError) -> LeaseMark? {
        let mark = try writeDraft(contents)
        try state.move(Self.draft, to: leases, "\(address)")
        return mark
    }

    /// Marks a lease anew, so that nothing counts for it any longer that was known of it before.
    ///
    /// - Returns: its mark when it has one.
    /// - Throws: the error of open(2) or futimens(3).
    func renewMark(of address: IPAddress) throws(SystemError) -> LeaseMark? {
        let file = try leases.open("\(address)", O_RDONLY | O_NONBLOCK)
        try file.setModificationTime(LeaseMark.stamp)
        return LeaseMark(try file.status())
    }

    func remove(_ address: IPAddress) throws(SystemError) {
        try leases.remove("\(address)")
    }

    /// The address of a range set that was leased last; nil when that is not known.
    func cursor(ofSet set: Int) throws(SystemError) -> IPAddress? {
        do throws(SystemError) {
            let text = try leases.read(Self.cursorName(set), limit: 256) ?? []
            return IPAddress(String(decoding: text, as: UTF8.self))
        } catch  where error.code == .noSuchFile {
            return nil
        }
    }

    /// Remembers the address that was leased last.
    ///
    /// In one write, which no other process sees half of: in place where the new text covers the old one, since
    /// replacing a file makes most file systems write it out at once, which costs more than all the rest of an ADD.
    func setCursor(_ address: IPAddress, ofSet set: Int) throws(SystemError) {
        let (name, text) = (Self.cursorName(set), Array("\(address)".utf8))
        if let file = try? leases.open(name, O_WRONLY | O_NONBLOCK), let status = try? file.status(),
            status.isRegular, 1...text.count ~= status.size
        {
            return try file.write(text.span, at: 0)
        }
        try writeDraft(text)
        try state.move(Self.draft, to: leases, name)
    }

    /// The index, if it is in step with the leases.
    func index(boot: BootID) throws(SystemError) -> LeaseIndex? {
        LeaseIndex.open(
            Self.indexName, in: state, boot: boot, stamp: try leases.status().modificationTime)
    }

    /// What the index knows of each address, whatever it is worth.
    func formerRecords() -> [IPAddress: LeaseRecord] {
        let index = LeaseIndex.open(Self.indexName, in: state)
        return (try? index?.records()) ?? [:]
    }

    /// An empty file for another index.
    func makeIndexFile() throws(SystemError) -> FileDescriptor {
        try state.remove(Self.newIndexName)
        return try state.open(Self.newIndexName, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    }

    /// Puts that file in the index's place.
    func installIndexFile() throws(SystemError) {
        try state.move(Self.newIndexName, to: state, Self.indexName)
    }

    /// Removes what is left of one that could not be completed.
    func removeIndexFile() {
        _ = try? state.remove(Self.newIndexName)
    }

    /// Marks the leases with a time that no clock's tick gives, which whoever adds or removes a name overwrites.
    ///
    /// - Returns: nil where the file system cannot tell such times apart, or does not let us.
    func mark() -> FileTime? {
        let stamp = LeaseMark.stamp
        do {
            try leases.setModificationTime(stamp)
            return try leases.status().modificationTime == stamp ? stamp : nil
        } catch {
            return nil
        }
    }

    /// The file of the addresses that pods had.
    func openMemory() throws(SystemError) -> FileDescriptor {
        try state.open("pods", O_RDWR | O_CREAT, mode: 0o600)
    }

    private static let indexName = "index"
    private static let newIndexName = "index.new"

    private static func cursorName(_ set: Int) -> String { "last_reserved_ip.\(set)" }

    /// - Returns: the mark of the file when it has one.
    @discardableResult
    private func writeDraft(_ bytes: [UInt8]) throws(SystemError) -> LeaseMark? {
        // What a killed process left may be another lease's second name: it is never written into.
        try state.remove(Self.draft)
        let file = try state.open(Self.draft, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        do {
            try file.write(bytes.span)
            try? file.setModificationTime(LeaseMark.stamp)
            return LeaseMark(try file.status())
        } catch {
            _ = try? state.remove(Self.draft)
            throw SystemError(error.operation, state.path(of: Self.draft), error.code)
        }
    }
}
