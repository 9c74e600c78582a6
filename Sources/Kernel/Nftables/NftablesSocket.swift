import CLinux
import Glibc
package import LinuxSystem
import Netlink

/// Changes and reads the ruleset of the network namespace that it was opened in.
package struct NftablesSocket: ~Copyable {
    var netlink: NetlinkSocket

    /// Opens a socket in the calling thread's namespace.
    package init() throws(SystemError) {
        netlink = try NetlinkSocket(.netfilter)
    }

    /// Opens a socket in another namespace.
    package init(in namespace: borrowing NetworkNamespace) throws(SystemError) {
        netlink = try NetlinkSocket(.netfilter, in: namespace)
    }

    /// Sees that the kernel has nf_tables, and lets this process use it.
    package mutating func requireSupport() throws(SystemError) {
        _ = try generation()
    }

    /// Makes all changes of a transaction, in one step for packets and for other users.
    ///
    /// - Throws: the error of the first refused change; nothing has changed then.
    package mutating func commit(_ transaction: NftablesTransaction) throws(SystemError) {
        try commit(transaction, generation: nil)
    }

    /// Makes changes that depend on what the ruleset holds: reads, decides and commits, and starts afresh when anyone
    /// has changed anything in between.
    ///
    /// The kernel raises the number of the ruleset a moment before it shows the new one, and counts who uses a chain before
    /// a change is certain (`nf_tables_commit` and `nft_data_release`, net/netfilter/nf_tables_api.c), so that what was
    /// read may be out of date all the same. A change that is refused because something is there, or is not, or is in use
    /// is therefore decided once more.
    ///
    /// - Parameter decide: reads from the socket it is given; an empty transaction ends it.
    /// - Throws: what `decide` throws; the error of the first refused change, and nothing has changed then; `EAGAIN`
    ///   when the ruleset never stood still.
    package mutating func update(
        _ decide: (inout NftablesSocket) throws(SystemError) -> NftablesTransaction
    ) throws(SystemError) {
        var refusalsLeft = Self.refusalAttempts
        for _ in 0..<Self.updateAttempts {
            let generation = try generation()
            let transaction = try decide(&self)
            do throws(SystemError) {
                return try commit(transaction, generation: generation)
            } catch  where error.code == .restart {
            } catch  where Self.mayBeOutOfDate(error.code) && refusalsLeft > 0 {
                refusalsLeft -= 1
            }
        }
        throw SystemError("change nf_tables ruleset", nil, .wouldBlock, explanation: "others kept changing it")
    }

    /// Of those who try at the same time one always succeeds, so this is how many others may do so first.
    private static let updateAttempts = 1000

    private static let refusalAttempts = 3

    private static func mayBeOutOfDate(_ code: Errno) -> Bool {
        code == .noSuchFile || code == .exists || code == .busy
    }

    private mutating func commit(
        _ transaction: NftablesTransaction, generation: UInt32?
    ) throws(SystemError) {
        try netlink.performBatch(
            begin: .batchBegin(generation: generation), transaction.requests, end: .batchEnd)
    }

    /// The number that every change of the ruleset raises.
    private mutating func generation() throws(SystemError) -> UInt32 {
        let message = NetlinkMessage(NFT_MSG_GETGEN, [], nil) { _ in }
        let request = NetlinkRequest(message, "read nf_tables generation")
        let numbers = try netlink.query(request) { (_, reply) throws(SystemError) -> UInt32? in
            var number: UInt32?
            try reply.forEachAttribute(from: NetfilterHeader.length) { (type, value) throws(SystemError) in
                if type == AttributeType(NFTA_GEN_ID.rawValue) { number = UInt32(bigEndian: try value.integer()) }
            }
            return number
        }
        guard let number = numbers.first else { throw SystemError("read nf_tables generation", nil, .badMessage) }
        return number
    }
}

extension Errno {
    /// The answer to a batch whose generation is over.
    fileprivate static let restart = Errno(rawValue: ERESTART)
}
