package import Addressing
package import Attachments

/// An address that is leased.
package struct Lease: Sendable {
    package let address: IPAddress
    package let owner: Owner
    /// Nil for leases of the reference, and where none was kept.
    package let life: ProofOfLife?

    package init(address: IPAddress, owner: Owner, life: ProofOfLife? = nil) {
        self.address = address
        self.owner = owner
        self.life = life
    }
}

/// Where the owner of a lease is found.
enum LeaseFile {
    /// There is no lease.
    case absent
    case owned(Owner)
    /// A file without an owner, as a power loss leaves it, or a reference killed before it had written.
    ///
    /// Both programs write under the lock, so for its holder this is no lease in the making.
    case torn
    /// A directory, a symbolic link or something huge: the name is taken, whatever it is.
    case foreign

    var owner: Owner? {
        guard case .owned(let owner) = self else { return nil }
        return owner
    }
}
