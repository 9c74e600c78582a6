import CLinux
package import LinuxSystem
import Netlink

/// Hears what happens to a table of nf_tables, and to the chains where packets to others are let through or not, by
/// whomever.
package struct NftablesMonitor: ~Copyable {
    private var socket: NetlinkSocket
    private let name: String
    /// Where packets to others are let through or not, in any table.
    private var filters: Set<ChainName>

    private struct ChainName: Hashable {
        let family: TableFamily
        let table: String
        let chain: String
    }

    /// Starts to listen in the calling thread's namespace; what happens from now on is not missed.
    ///
    /// - Parameter name: of the table, in any family.
    /// - Throws: what the kernel refused.
    package init(tableNamed name: String) throws(SystemError) {
        let socket = try NetlinkSocket(.netfilter, groups: [Int(NFNLGRP_NFTABLES.rawValue)])
        filters = try Self.presentFilters()
        self.socket = socket
        self.name = name
    }

    private static func presentFilters() throws(SystemError) -> Set<ChainName> {
        var reader = try NftablesSocket()
        return Set(
            try reader.forwardingFilters().map {
                ChainName(family: $0.table.family, table: $0.table.name, chain: $0.name)
            })
    }

    /// What poll(2) says that there is something to hear by; only for that.
    package var descriptorNumber: CInt { socket.descriptorNumber }

    /// Hears what has happened since the last time, without waiting.
    ///
    /// - Returns: whether something of it was about the table or those chains, or may have been missed.
    /// - Throws: what the kernel refused.
    package mutating func drain() throws(SystemError) -> Bool {
        var matters = false
        var filters = filters
        let name = name
        do throws(SystemError) {
            try socket.takeEvents { (type, payload) throws(SystemError) in
                if try Self.isRelevant(type & 0xff, payload, toTableNamed: name, &filters) { matters = true }
            }
        } catch  where error.code == .noBufferSpace {
            return true
        }
        self.filters = filters
        return matters
    }

    private static func isRelevant(
        _ type: UInt16, _ payload: Span<UInt8>, toTableNamed name: String, _ filters: inout Set<ChainName>
    ) throws(SystemError) -> Bool {
        guard type != UInt16(NFT_MSG_NEWGEN.rawValue), payload.count >= NetfilterHeader.length else { return false }
        // Of tables, chains, rules, sets and elements alike, the first attribute names the table.
        var table = ""
        var chain = ""
        let isChain = type == UInt16(NFT_MSG_NEWCHAIN.rawValue)
        let isRule = type == UInt16(NFT_MSG_NEWRULE.rawValue) || type == UInt16(NFT_MSG_DELRULE.rawValue)
        let attributes = payload.extracting(NetfilterHeader.length...)
        try attributes.forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(NFTA_TABLE_NAME.rawValue) { table = value.string }
            if isRule && type == AttributeType(NFTA_RULE_CHAIN.rawValue) { chain = value.string }
        }
        if table == name { return true }
        guard let family = TableFamily(number: payload[0]) else { return false }
        if isRule { return filters.contains(ChainName(family: family, table: table, chain: chain)) }
        guard isChain, let listed = try ListedChain(attributes, in: Table(family, table)),
            listed.hook?.decidesOnForwarding == true
        else { return false }
        filters.insert(ChainName(family: family, table: table, chain: listed.name))
        return true
    }
}
