package import Addressing
package import Attachments

/// An address that is leased.
package struct Lease: Sendable {
    package let address: IPAddress
    package let owner: Owner
    /// Nil for leases of the reference, and where none was kept.
    package let life: ProofOfLife?
    /// Which file it is that all this was read of; nil where its file system does not tell.
    let mark: LeaseMark?

    package init(address: IPAddress, owner: Owner) {
        self.init(address: address, owner: owner, life: nil, mark: nil)
    }

    init(address: IPAddress, owner: Owner, life: ProofOfLife?, mark: LeaseMark?) {
        self.address = address
        self.owner = owner
        self.life = life
        self.mark = mark
    }
}
