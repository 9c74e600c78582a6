import Attachments
import LinuxSystem

/// What is found under the name of an address.
enum LeaseFile {
    /// There is no lease.
    case absent
    case owned(Owner, LeaseMark?)
    /// A file without an owner, as a power loss leaves it, or a reference killed before it had written.
    ///
    /// Both programs write under the lock, so for its holder this is no lease in the making.
    case torn
    /// A directory, a symbolic link or something huge: the name is taken, whatever it is.
    case foreign

    var owner: Owner? {
        guard case .owned(let owner, _) = self else { return nil }
        return owner
    }
}

/// What tells the file of a lease from one that was made later under the same name, by whomever.
struct LeaseMark: Hashable {
    let inode: UInt64
    /// When the file was last written.
    let time: FileTime

    init(inode: UInt64, time: FileTime) {
        self.inode = inode
        self.time = time
    }

    /// Nil where the file system keeps whole seconds, in which a file can be removed and another have its number.
    init?(_ status: FileStatus) {
        guard status.modificationTime.nanoseconds != 0 else { return nil }
        self.init(inode: status.inode, time: status.modificationTime)
    }

    /// A time stamp that no tick of a clock gives, and none gives again when the clock was set back.
    static var stamp: FileTime {
        FileTime(seconds: FileTime.now.seconds, nanoseconds: Int.random(in: 1..<1_000_000_000))
    }
}
