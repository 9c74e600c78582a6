import CLinux
package import LinuxSystem
import Netlink

/// Reading; what is not there is nil or an empty list, and no error.
extension NftablesSocket {
    /// How many chains, maps and other objects a table holds; nil when there is no such table.
    package mutating func useCount(of table: Table) throws(SystemError) -> Int? {
        let message = NetlinkMessage(NFT_MSG_GETTABLE, [], table.family) { message in
            message.append(NFTA_TABLE_NAME.rawValue, table.name)
        }
        return try list(message, "read table", "\(table)") { (attributes) throws(SystemError) -> Int? in
            try attributes.number(NFTA_TABLE_USE.rawValue).map { Int($0) }
        }.first
    }

    /// The chain of a name; nil when there is no such chain, or table.
    package mutating func chain(named name: String, in table: Table) throws(SystemError) -> ListedChain? {
        let message = NetlinkMessage(NFT_MSG_GETCHAIN, [], table.family) { message in
            message.append(NFTA_CHAIN_TABLE.rawValue, table.name)
            message.append(NFTA_CHAIN_NAME.rawValue, name)
        }
        return try list(message, "read chain", "\(table) \(name)") { (attributes) throws(SystemError) in
            try ListedChain(attributes, in: table)
        }.first
    }

    /// All chains of a table; takes longer the more chains there are in all tables.
    package mutating func chains(in table: Table) throws(SystemError) -> [ListedChain] {
        let message = NetlinkMessage(NFT_MSG_GETCHAIN, .dump, table.family) { _ in }
        return try list(message, "list chains of", "\(table)") { (attributes) throws(SystemError) in
            try ListedChain(attributes, in: table)
        }
    }

    /// The chains of all tables where packets to others are let through or not; takes longer the more chains there are.
    package mutating func forwardingFilters() throws(SystemError) -> [Chain] {
        let message = NetlinkMessage(NFT_MSG_GETCHAIN, .dump, nil) { _ in }
        let request = NetlinkRequest(message, "list chains")
        return try netlink.query(request) { (_, reply) throws(SystemError) -> Chain? in
            guard reply.count >= NetfilterHeader.length, let family = TableFamily(number: reply[0]) else { return nil }
            let attributes = reply.extracting(NetfilterHeader.length...)
            var table = ""
            try attributes.forEachAttribute { (type, value) throws(SystemError) in
                if type == AttributeType(NFTA_CHAIN_TABLE.rawValue) { table = value.string }
            }
            let listed = try ListedChain(attributes, in: Table(family, table))
            guard let listed, let hook = listed.hook, hook.decidesOnForwarding, family != .bridge else { return nil }
            return Chain(in: Table(family, table), listed.name, hook: hook)
        }
    }

    /// The rules of a chain, in their order.
    package mutating func rules(in chain: Chain) throws(SystemError) -> [ListedRule] {
        let message = NetlinkMessage(NFT_MSG_GETRULE, .dump, chain.table.family) { message in
            message.append(NFTA_RULE_TABLE.rawValue, chain.table.name)
            message.append(NFTA_RULE_CHAIN.rawValue, chain.name)
        }
        return try list(message, "list rules of", "\(chain)") { (attributes) throws(SystemError) in
            try ListedRule(attributes)
        }
    }

    /// Whether a chain has its hook and policy, and rules that do what these do, in their order and no others.
    package mutating func holds(_ rules: [Rule], in chain: Chain) throws(SystemError) -> Bool {
        // Rules show that a chain is there, but not where packets enter it.
        if chain.hook != nil || rules.isEmpty {
            guard let listed = try self.chain(named: chain.name, in: chain.table), listed.hook == chain.hook else {
                return false
            }
        }
        return try self.rules(in: chain).elementsEqual(rules) { $0.does(theSameAs: $1) }
    }

    /// The names of a table's sets and maps.
    package mutating func setNames(in table: Table) throws(SystemError) -> [String] {
        let message = NetlinkMessage(NFT_MSG_GETSET, .dump, table.family) { message in
            message.append(NFTA_SET_TABLE.rawValue, table.name)
        }
        return try list(message, "list sets of", "\(table)") { (attributes) throws(SystemError) in
            var name: String?
            try attributes.forEachAttribute { (type, value) throws(SystemError) in
                if type == AttributeType(NFTA_SET_NAME.rawValue) { name = value.string }
            }
            return name
        }
    }

    /// The element that a set has for a key.
    package mutating func element(
        for key: [DataValue], in set: NftablesSet
    ) throws(SystemError) -> NftablesSet.Element? {
        let message = NetlinkMessage(NFT_MSG_GETSETELEM, [], set.table.family) { message in
            message.append(elementOf: set, key)
        }
        return try elements(message, "read element \(key.text) of", set).first
    }

    /// All elements of a set.
    package mutating func elements(of set: NftablesSet) throws(SystemError) -> [NftablesSet.Element] {
        try elements(.dump(of: set), "list elements of", set)
    }

    /// Whether a set has no elements but some; takes no longer when it has many others.
    package mutating func holdsNothing(
        but elements: Set<NftablesSet.Element>, in set: NftablesSet
    ) throws(SystemError) -> Bool {
        let request = NetlinkRequest(.dump(of: set), "list elements of", "\(set)")
        do throws(SystemError) {
            return try netlink.first(in: request) { (_, reply) throws(SystemError) -> Bool? in
                guard reply.count >= NetfilterHeader.length else { return nil }
                let listed = try set.elements(in: reply.extracting(NetfilterHeader.length...))
                return elements.isSuperset(of: listed) ? nil : true
            } == nil
        } catch  where error.code == .noSuchFile {
            return true
        }
    }

    private mutating func elements(
        _ message: NetlinkMessage, _ operation: String, _ set: NftablesSet
    ) throws(SystemError) -> [NftablesSet.Element] {
        // One message of a dump holds many.
        try list(message, operation, "\(set)") { (attributes) throws(SystemError) in
            try set.elements(in: attributes)
        }.flatMap { $0 }
    }

    private mutating func list<Element>(
        _ message: NetlinkMessage, _ operation: String, _ subject: String,
        _ decode: (Span<UInt8>) throws(SystemError) -> Element?
    ) throws(SystemError) -> [Element] {
        do throws(SystemError) {
            return try netlink.query(NetlinkRequest(message, operation, subject)) { (_, reply) throws(SystemError) in
                guard reply.count >= NetfilterHeader.length else { return nil }
                return try decode(reply.extracting(NetfilterHeader.length...))
            }
        } catch  where error.code == .noSuchFile {
            return []
        }
    }
}

extension NetlinkMessage {
    /// Asks for all elements of a set.
    fileprivate static func dump(of set: NftablesSet) -> NetlinkMessage {
        NetlinkMessage(NFT_MSG_GETSETELEM, .dump, set.table.family) { message in
            message.append(NFTA_SET_ELEM_LIST_TABLE.rawValue, set.table.name)
            message.append(NFTA_SET_ELEM_LIST_SET.rawValue, set.name)
        }
    }
}

extension NftablesSet {
    /// Reads `enum nft_set_elem_list_attributes`.
    fileprivate func elements(in attributes: Span<UInt8>) throws(SystemError) -> [Element] {
        var elements: [Element] = []
        try attributes.forEachAttribute { (type, list) throws(SystemError) in
            guard type == AttributeType(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) else { return }
            try list.forEachAttribute { (_, element) throws(SystemError) in
                if let element = try Element(element, in: self) { elements.append(element) }
            }
        }
        return elements
    }
}

extension ListedRule {
    /// Reads `enum nft_rule_attributes`.
    init(_ attributes: Span<UInt8>) throws(SystemError) {
        var handle: UInt64 = 0
        var comment: String?
        var expressions: [UInt8] = []
        try attributes.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(NFTA_RULE_HANDLE.rawValue): handle = UInt64(bigEndian: try value.integer())
            case AttributeType(NFTA_RULE_USERDATA.rawValue): comment = try UserData.comment(in: value)
            case AttributeType(NFTA_RULE_EXPRESSIONS.rawValue): expressions = value.array
            default: break
            }
        }
        self.init(handle: handle, comment: comment, expressionBytes: expressions)
    }
}
