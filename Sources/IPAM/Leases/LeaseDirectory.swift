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
    /// Nil where it cannot be had: then there is no draft, and an index in memory alone.
    private let state: Directory?

    /// Bytes; a variable of the environment, which a container id is, has 128 KiB at most: `MAX_ARG_STRLEN`.
    private static let leaseLimit = 1 << 18
    private static let draft = "draft"
    private static let lockName = "lock"

    init(network: String, root: String) throws(SystemError) {
        let leases = try Directory(making: "\(root)/\(network)", mode: 0o755)
        self.leases = leases
        state = try? Directory(making: "\(root)/.\(network)", mode: 0o700)
    }

    /// Waits for the lock, the reference's own: whatever has its name, and where that leads if it is a link.
    func lock(timeout: Int) throws(SystemError) -> FileLock {
        // A pipe without a writer would keep open(2) waiting.
        let file = try leases.open(
            Self.lockName, O_RDONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, mode: 0o750, followsLinks: true)
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

    /// A lease that is written and has no address yet.
    struct Draft {
        let mark: LeaseMark?
    }

    enum Grant {
        /// Something has the name already.
        case taken
        case made(LeaseMark?)
    }

    /// Writes a lease beside the others; nil where that cannot be done.
    func draw(for owner: Owner) -> Draft? {
        try? Draft(mark: writeDraft(owner.leaseFile))
    }

    /// Makes a lease.
    ///
    /// By a link to the draft, so that it appears whole under its name. Where there is none, or the leases are on a file
    /// system of their own or one without links, it is written in its place: what a crash leaves then is empty, which is
    /// found as after a power loss.
    ///
    /// - Throws: the error of open(2) or write(2); there is no lease then.
    func grant(_ address: IPAddress, to owner: Owner, by draft: Draft?) throws(SystemError) -> Grant {
        let name = "\(address)"
        if let draft, let isMade = try? linkDraft(to: name) { return isMade ? .made(draft.mark) : .taken }
        do throws(SystemError) {
            return .made(try Self.write(owner.leaseFile, to: name, in: leases))
        } catch  where error.code == .exists {
            return .taken
        }
    }

    /// Writes a lease again whose bytes were lost.
    ///
    /// - Returns: its mark when it has one.
    func restore(_ address: IPAddress, contents: [UInt8]) throws(SystemError) -> LeaseMark? {
        let file = try leases.open("\(address)", O_WRONLY | O_NONBLOCK)
        try file.write(contents.span, at: 0)
        try file.resize(to: contents.count)
        return try Self.mark(file)
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
        if (try? writeDraft(text)) != nil, (try? moveDraft(to: name)) != nil { return }
        try leases.remove(name)
        try leases.create(name, with: text, mode: 0o600)
    }

    /// The index, if it is in step with the leases.
    func index(boot: BootID) throws(SystemError) -> LeaseIndex? {
        let stamp = try leases.status().modificationTime
        return try? withState { (state) throws(SystemError) in
            try LeaseIndex.open(Self.indexName, in: state, boot: boot, stamp: stamp)
        }
    }

    /// What the index knows of each address, whatever it is worth.
    func formerRecords() -> [IPAddress: LeaseRecord] {
        let records = try? withState { (state) throws(SystemError) in
            try LeaseIndex.open(Self.indexName, in: state).records()
        }
        return records ?? [:]
    }

    /// An empty file for another index.
    func makeIndexFile() throws(SystemError) -> FileDescriptor {
        try withState { (state) throws(SystemError) in
            try state.remove(Self.newIndexName)
            return try state.open(Self.newIndexName, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        }
    }

    /// Puts that file in the index's place.
    func installIndexFile() throws(SystemError) {
        try withState { (state) throws(SystemError) in
            try state.move(Self.newIndexName, to: state, Self.indexName)
        }
    }

    /// Removes what is left of one that could not be completed.
    func removeIndexFile() {
        _ = try? withState { (state) throws(SystemError) in try state.remove(Self.newIndexName) }
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
        try withState { (state) throws(SystemError) in try state.open("pods", O_RDWR | O_CREAT, mode: 0o600) }
    }

    private static let indexName = "index"
    private static let newIndexName = "index.new"

    private static func cursorName(_ set: Int) -> String { "last_reserved_ip.\(set)" }

    /// - Returns: the mark of the file when it has one.
    private func writeDraft(_ bytes: [UInt8]) throws(SystemError) -> LeaseMark? {
        try withState { (state) throws(SystemError) in
            // What a killed process left may be another lease's second name: it is never written into.
            try state.remove(Self.draft)
            return try Self.write(bytes, to: Self.draft, in: state)
        }
    }

    /// - Returns: false when something has the name already.
    private func linkDraft(to name: String) throws(SystemError) -> Bool {
        try withState { (state) throws(SystemError) in
            defer { _ = try? state.remove(Self.draft) }
            return try state.link(Self.draft, to: leases, name)
        }
    }

    private func moveDraft(to name: String) throws(SystemError) {
        try withState { (state) throws(SystemError) in try state.move(Self.draft, to: leases, name) }
    }

    /// - Throws: `ENOENT` where there is no directory for what is not a lease; else what the body throws.
    private func withState<Value: ~Copyable>(
        _ body: (borrowing Directory) throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        switch state {
        case .some(let state): try body(state)
        case .none: throw SystemError("open", "\(leases.path)", .noSuchFile)
        }
    }

    /// Makes a file that was not there.
    private static func write(
        _ bytes: [UInt8], to name: String, in directory: borrowing Directory
    ) throws(SystemError) -> LeaseMark? {
        let file = try directory.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        do {
            try file.write(bytes.span)
            return try mark(file)
        } catch {
            _ = try? directory.remove(name)
            throw SystemError(error.operation, directory.path(of: name), error.code)
        }
    }

    /// Marks a file, as far as its file system does.
    private static func mark(_ file: borrowing FileDescriptor) throws(SystemError) -> LeaseMark? {
        try? file.setModificationTime(LeaseMark.stamp)
        return LeaseMark(try file.status())
    }
}
