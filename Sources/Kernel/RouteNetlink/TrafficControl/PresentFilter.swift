import CLinux
import LinuxSystem
import Netlink

/// A filter that is there.
package struct PresentFilter: Hashable, Sendable {
    package let selection: TrafficFilter.Selection
    package let flow: TrafficHandle
    /// The device that its packets leave instead; nil where they go on.
    package let redirection: InterfaceIndex?

    /// Reads the payload of `RTM_NEWTFILTER`; nil for what picks no packets, such as the table that filters are in.
    init?(reading payload: Span<UInt8>) throws(SystemError) {
        let header = try TrafficHeader(reading: payload)
        var isOfWords = false
        var flow: TrafficHandle?
        var words: Set<TrafficFilter.Word>?
        var redirection: InterfaceIndex?
        // The kernel puts the name first.
        try payload.forEachAttribute(from: TrafficHeader.length) { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(TCA_KIND): isOfWords = value.string == "u32"
            case AttributeType(TCA_OPTIONS) where isOfWords:
                try value.forEachAttribute { (type, value) throws(SystemError) in
                    switch type {
                    case AttributeType(TCA_U32_CLASSID): flow = TrafficHandle(rawValue: try value.integer())
                    case AttributeType(TCA_U32_SEL): words = try Self.words(value)
                    case AttributeType(TCA_U32_ACT): redirection = try Self.redirection(value)
                    default: break
                    }
                }
            default: break
            }
        }
        guard let words, let flow else { return nil }
        let number = UInt16(truncatingIfNeeded: header.info)
        self.selection = TrafficFilter.Selection(protocolNumber: UInt16(bigEndian: number), words: words)
        self.flow = flow
        self.redirection = redirection
    }

    /// Reads `struct tc_u32_sel`; words that ask for nothing are left out.
    private static func words(_ selector: Span<UInt8>) throws(SystemError) -> Set<TrafficFilter.Word> {
        var words: Set<TrafficFilter.Word> = []
        let count = Int(try selector.integer(at: 2, as: UInt8.self))
        for index in 0..<count {
            let start = 16 + 16 * index
            let word = TrafficFilter.Word(
                offset: try selector.integer(at: start + 8),
                value: UInt32(bigEndian: try selector.integer(at: start + 4)),
                mask: UInt32(bigEndian: try selector.integer(at: start)))
            if word.mask != 0 { words.insert(word) }
        }
        return words
    }

    /// Reads the list of actions.
    private static func redirection(_ actions: Span<UInt8>) throws(SystemError) -> InterfaceIndex? {
        var device: InterfaceIndex?
        try actions.forEachAttribute { (_, action) throws(SystemError) in
            try action.forEachAttribute { (type, options) throws(SystemError) in
                guard type == AttributeType(TCA_ACT_OPTIONS) else { return }
                try options.forEachAttribute { (type, value) throws(SystemError) in
                    guard type == AttributeType(TCA_MIRRED_PARMS) else { return }
                    let action = try value.integer(at: 20, as: Int32.self)
                    let target = InterfaceIndex(rawValue: try value.integer(at: 24))
                    if action == TCA_EGRESS_REDIR { device = device ?? target }
                }
            }
        }
        return device
    }
}
