import CLinux
package import LinuxSystem
import Netlink

/// Hears what happens to a table of nf_tables, by whomever.
package struct NftablesMonitor: ~Copyable {
    private var socket: NetlinkSocket
    private let name: String

    /// Starts to listen in the calling thread's namespace; what happens from now on is not missed.
    ///
    /// - Parameter name: of the table, in any family.
    /// - Throws: what the kernel refused.
    package init(tableNamed name: String) throws(SystemError) {
        socket = try NetlinkSocket(.netfilter, groups: [Int(NFNLGRP_NFTABLES.rawValue)])
        self.name = name
    }

    /// What poll(2) says that there is something to hear by; only for that.
    package var descriptorNumber: CInt { socket.descriptorNumber }

    /// Hears what has happened since the last time, without waiting.
    ///
    /// - Returns: whether something of it was about the table, or may have been missed.
    /// - Throws: what the kernel refused.
    package mutating func drain() throws(SystemError) -> Bool {
        var matters = false
        let name = name
        do throws(SystemError) {
            try socket.takeEvents { (type, payload) throws(SystemError) in
                guard type & 0xff != UInt16(NFT_MSG_NEWGEN.rawValue) else { return }
                // Of tables, chains, rules, sets and elements alike, the first attribute names the table.
                try payload.forEachAttribute(from: NetfilterHeader.length) { (type, value) throws(SystemError) in
                    if type == AttributeType(NFTA_TABLE_NAME.rawValue), value.string == name { matters = true }
                }
            }
        } catch  where error.code == .noBufferSpace {
            return true
        }
        return matters
    }
}
