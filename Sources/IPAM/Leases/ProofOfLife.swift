import LinuxSystem

/// What tells whether the container that a lease was made for can still be running.
package struct ProofOfLife: Hashable, Sendable {
    /// The boot that the lease was made in.
    package let boot: Boot
    /// `CNI_NETNS` of the ADD.
    package let namespacePath: String
    /// The inode that the path led to; 0 when it led nowhere.
    package let namespaceInode: UInt64

    init(boot: Boot, namespacePath: String, namespaceInode: UInt64) {
        self.boot = boot
        self.namespacePath = namespacePath
        self.namespaceInode = namespaceInode
    }

    /// The proof for a container whose namespace is at a path now.
    package init(namespacePath: String, boot: Boot) {
        self.boot = boot
        self.namespacePath = namespacePath
        namespaceInode = (try? FileStatus(path: namespacePath))?.inode ?? 0
    }

    /// Whether the container has certainly ended: its boot is over, and its namespace is gone.
    ///
    /// Where the path cannot be looked at, or leads to the number it led to then, the lease is kept: the kernel
    /// numbers namespaces alike after each boot.
    package func isOver(in boot: Boot) -> Bool {
        self.boot.isOver(in: boot) && presence == .gone
    }

    /// Whether the container's namespace is certainly there: same boot, same path, same inode.
    package func holds(in boot: Boot) -> Bool {
        boot.id == self.boot.id && namespaceInode != 0 && presence == .unchanged
    }

    /// Whether the container is running; nil when that is not certain.
    package func isAlive(in boot: Boot) -> Bool? {
        if holds(in: boot) { return true }
        return presence == .gone ? false : nil
    }

    private enum Presence {
        case unchanged, gone, unknown
    }

    private var presence: Presence {
        do throws(SystemError) {
            let inode = try FileStatus(path: namespacePath).inode
            return namespaceInode == 0 || inode == namespaceInode ? .unchanged : .gone
        } catch {
            return error.code == .noSuchFile || error.code == .notDirectory ? .gone : .unknown
        }
    }
}
