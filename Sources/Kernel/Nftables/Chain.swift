import CLinux

/// A list of rules, entered from the network stack at a hook or from another chain by a verdict.
package struct Chain: Hashable, Sendable, CustomStringConvertible {
    package var table: Table
    /// At most 255 bytes, and for nft(8) to read it: a letter, then letters, digits, `/`, `\`, `_`, `.` and `-`.
    package var name: String
    /// Where packets enter; nil for a chain that only verdicts lead to.
    package var hook: Hook?
    /// Stored when the chain is created; nil for none.
    package var comment: String?

    package init(in table: Table, _ name: String, hook: Hook? = nil, comment: String? = nil) {
        self.table = table
        self.name = name
        self.hook = hook
        self.comment = comment
    }

    package var description: String {
        "\(table) \(name)"
    }

    /// What makes a chain a base chain.
    package struct Hook: Hashable, Sendable {
        /// `filter` or `nat`.
        let type: String
        /// `NF_INET_…`.
        let number: UInt32
        /// Lower ones see a packet earlier.
        let priority: Int32
        /// What becomes of packets that no rule decides about.
        package var policy = Policy.accept

        package enum Policy: Hashable, Sendable {
            case accept
            case drop
        }

        /// Where connections that come in get another destination: `type nat hook prerouting priority dstnat`.
        package static let destinationNAT = Hook(
            type: "nat", number: UInt32(NF_INET_PRE_ROUTING.rawValue), priority: natDestinationPriority)

        /// Where packets come in, before they belong to a connection: `type filter hook prerouting priority raw`.
        package static let prerouting = Hook(
            type: "filter", number: UInt32(NF_INET_PRE_ROUTING.rawValue), priority: rawPriority)

        /// Where connections of this host get another destination: `type nat hook output priority -100`.
        package static let outputDestinationNAT = Hook(
            type: "nat", number: UInt32(NF_INET_LOCAL_OUT.rawValue), priority: natDestinationPriority)

        /// Where connections get another source address: `type nat hook postrouting priority srcnat`.
        package static let sourceNAT = Hook(
            type: "nat", number: UInt32(NF_INET_POST_ROUTING.rawValue), priority: natSourcePriority)

        /// Where packets to others are let through or not: `type filter hook forward priority filter`.
        package static let forwardFilter = Hook(
            type: "filter", number: UInt32(NF_INET_FORWARD.rawValue), priority: filterPriority)

        /// Where packets to others are marked, before they are let through or not: `type filter hook forward priority mangle`.
        package static let forwardMangle = Hook(
            type: "filter", number: UInt32(NF_INET_FORWARD.rawValue), priority: manglePriority)

        /// Where packets to this host are let in or not: `type filter hook input priority filter`.
        package static let inputFilter = Hook(
            type: "filter", number: UInt32(NF_INET_LOCAL_IN.rawValue), priority: filterPriority)

        /// Where frames come to a bridge, before it decides where they go: `type filter hook prerouting priority
        /// dstnat`, in a table of family `bridge`.
        package static let bridgePrerouting = Hook(
            type: "filter", number: UInt32(NF_BR_PRE_ROUTING), priority: bridgeDestinationNATPriority)

        /// Where a bridge passes frames from one port to another: `type filter hook forward priority filter`, in a table of
        /// family `bridge`.
        package static let bridgeForward = Hook(
            type: "filter", number: UInt32(NF_BR_FORWARD), priority: bridgeFilterPriority)

        /// Whether this is where packets to others are let through or not, at whatever priority.
        var decidesOnForwarding: Bool {
            type == Self.forwardFilter.type && number == Self.forwardFilter.number
        }

        /// `NF_BR_PRI_FILTER_BRIDGED` and `NF_BR_PRI_NAT_DST_BRIDGED` of `enum nf_br_hook_priorities`.
        private static let bridgeFilterPriority: Int32 = -200
        private static let bridgeDestinationNATPriority: Int32 = -300

        /// `NF_IP_PRI_RAW`, `NF_IP_PRI_MANGLE`, `NF_IP_PRI_NAT_DST`, `NF_IP_PRI_FILTER` and `NF_IP_PRI_NAT_SRC` of `linux/netfilter_ipv4.h`.
        private static let rawPriority: Int32 = -300
        private static let manglePriority: Int32 = -150
        private static let natDestinationPriority: Int32 = -100
        private static let filterPriority: Int32 = 0
        private static let natSourcePriority: Int32 = 100
    }
}

/// What tells a chain in the kernel apart from others.
package struct ListedChain: Hashable, Sendable {
    package let name: String
    /// Nil for a chain that only verdicts lead to.
    package let hook: Chain.Hook?
    /// How many rules it holds and verdicts lead to it, taken together; without the latter it can be deleted.
    package let useCount: Int
}
