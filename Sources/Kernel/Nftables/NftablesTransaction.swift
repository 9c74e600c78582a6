import CLinux
import Netlink

/// Changes that take effect together or not at all, in the order in which they were added.
package struct NftablesTransaction: Sendable {
    private(set) var requests: [NetlinkRequest] = []

    package init() {}

    package var isEmpty: Bool {
        requests.isEmpty
    }

    // MARK: Tables

    /// Creates a table unless it is there.
    package mutating func ensure(_ table: Table) {
        request(NFT_MSG_NEWTABLE, .create, table, "create table", "\(table)") { message in
            message.append(NFTA_TABLE_NAME.rawValue, table.name)
            message.append(NFTA_TABLE_USERDATA.rawValue, comment: table.comment)
        }
    }

    /// Deletes a table that holds nothing; one that does is refused with `EBUSY`.
    package mutating func deleteIfEmpty(_ table: Table) {
        request(NFT_MSG_DELTABLE, .nonRecursive, table, "delete table", "\(table)") { message in
            message.append(NFTA_TABLE_NAME.rawValue, table.name)
        }
    }

    /// Deletes a table with all that it holds.
    package mutating func delete(_ table: Table) {
        request(NFT_MSG_DELTABLE, [], table, "delete table", "\(table)") { message in
            message.append(NFTA_TABLE_NAME.rawValue, table.name)
        }
    }

    // MARK: Chains

    /// Creates a chain unless it is there, and sees that it has its policy; one that is there with another hook is
    /// refused with `EEXIST`.
    package mutating func ensure(_ chain: Chain) {
        request(NFT_MSG_NEWCHAIN, .create, chain.table, "create chain", "\(chain)") { message in
            chain.encode(into: &message)
        }
    }

    /// Deletes all rules of a chain.
    package mutating func flush(_ chain: Chain) {
        request(NFT_MSG_DELRULE, [], chain.table, "flush chain", "\(chain)") { message in
            message.append(NFTA_RULE_TABLE.rawValue, chain.table.name)
            message.append(NFTA_RULE_CHAIN.rawValue, chain.name)
        }
    }

    /// Creates a chain unless it is there, and makes it hold these rules and no others.
    package mutating func fill(_ chain: Chain, with rules: [Rule]) {
        ensure(chain)
        flush(chain)
        for rule in rules { add(rule) }
    }

    /// Deletes a chain and its rules; one that a verdict leads to is refused with `EBUSY`.
    package mutating func delete(_ chain: Chain) {
        request(NFT_MSG_DELCHAIN, [], chain.table, "delete chain", "\(chain)") { message in
            message.append(NFTA_CHAIN_TABLE.rawValue, chain.table.name)
            message.append(NFTA_CHAIN_NAME.rawValue, chain.name)
        }
    }

    // MARK: Rules

    /// Adds a rule to the end of its chain, whether or not there is an equal one.
    package mutating func add(_ rule: Rule) {
        request(rule, [.create, .append], "add rule to")
    }

    /// Puts a rule before all others of its chain, whether or not there is an equal one.
    package mutating func insert(_ rule: Rule) {
        request(rule, .create, "insert rule into")
    }

    private mutating func request(_ rule: Rule, _ flags: NetlinkFlags, _ operation: String) {
        request(NFT_MSG_NEWRULE, flags, rule.chain.table, operation, "\(rule.chain)") { message in
            message.append(NFTA_RULE_TABLE.rawValue, rule.chain.table.name)
            message.append(NFTA_RULE_CHAIN.rawValue, rule.chain.name)
            message.nest(AttributeType(NFTA_RULE_EXPRESSIONS.rawValue)) { list in
                for expression in rule.expressions { expression.encode(into: &list) }
            }
            message.append(NFTA_RULE_USERDATA.rawValue, comment: rule.comment)
        }
    }

    /// Deletes a rule that a dump has shown; `ENOENT` when it is gone.
    package mutating func delete(_ rule: ListedRule, in chain: Chain) {
        request(NFT_MSG_DELRULE, [], chain.table, "delete rule \(rule.handle) of", "\(chain)") { message in
            message.append(NFTA_RULE_TABLE.rawValue, chain.table.name)
            message.append(NFTA_RULE_CHAIN.rawValue, chain.name)
            message.append(AttributeType(NFTA_RULE_HANDLE.rawValue), rule.handle.bigEndian)
        }
    }

    // MARK: Sets and maps

    /// Creates a set unless it is there; one that is there with another type is refused with `EEXIST`.
    package mutating func ensure(_ set: NftablesSet) {
        // Any number does that no other set of this transaction has.
        let identifier = UInt32(truncatingIfNeeded: requests.count + 1)
        request(NFT_MSG_NEWSET, .create, set.table, "create \(set.word)", "\(set)") { message in
            set.encode(into: &message, identifier: identifier)
        }
    }

    /// Deletes a set and its elements; one that a rule looks into is refused with `EBUSY`.
    package mutating func delete(_ set: NftablesSet) {
        request(NFT_MSG_DELSET, [], set.table, "delete \(set.word)", "\(set)") { message in
            message.append(NFTA_SET_TABLE.rawValue, set.table.name)
            message.append(NFTA_SET_NAME.rawValue, set.name)
        }
    }

    /// Adds an element; `EEXIST` when its key is there, with whatever data and comment.
    package mutating func add(_ element: NftablesSet.Element) {
        let set = element.set
        let subject = "\(element.key.text) to \(set)"
        request(NFT_MSG_NEWSETELEM, [.create, .exclusive], set.table, "add element", subject) { message in
            element.encode(into: &message)
        }
    }

    /// Deletes the element for a key, whatever its data and comment; `ENOENT` when it is gone.
    package mutating func delete(_ element: NftablesSet.Element) {
        let set = element.set
        let subject = "\(element.key.text) from \(set)"
        request(NFT_MSG_DELSETELEM, [], set.table, "delete element", subject) { message in
            message.append(elementOf: set, element.key)
        }
    }

    private mutating func request(
        _ type: nf_tables_msg_types, _ flags: NetlinkFlags, _ table: Table, _ operation: String, _ subject: String,
        _ attributes: (inout NetlinkMessage) -> Void
    ) {
        let message = NetlinkMessage(type, flags, table.family, attributes)
        requests.append(NetlinkRequest(message, operation, subject))
    }
}
