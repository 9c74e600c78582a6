package import Addressing
import CLinux
import LinuxSystem
import Netlink

/// What picks packets by their bytes, tc-u32(8), and gives them to a class or redirects them to another device:
/// `RTM_NEWTFILTER`.
package struct TrafficFilter: Hashable, Sendable {
    package var device: InterfaceIndex
    /// The qdisc that the packets come to.
    package var parent: TrafficHandle
    /// Filters of a lower number look first; one number is for one protocol.
    package var priority: UInt16
    package var selection: Selection
    package var flow: TrafficHandle
    /// The device that they leave instead.
    package var redirection: InterfaceIndex?

    /// Packets by their protocol, and by the words of their header.
    package struct Selection: Hashable, Sendable {
        /// `ETH_P_…`.
        let protocolNumber: UInt16
        let words: Set<Word>

        /// All packets.
        package static let all = Selection(protocolNumber: UInt16(ETH_P_ALL), words: [])
    }

    /// 32 bits of a packet, from an offset in its network header on.
    struct Word: Hashable, Sendable {
        let offset: Int32
        let value: UInt32
        let mask: UInt32
    }

    package init(
        _ selection: Selection, on device: InterfaceIndex, parent: TrafficHandle, priority: UInt16,
        to flow: TrafficHandle, redirectedTo redirection: InterfaceIndex? = nil
    ) {
        self.device = device
        self.parent = parent
        self.priority = priority
        self.selection = selection
        self.flow = flow
        self.redirection = redirection
    }
}

extension TrafficFilter.Selection {
    /// Which address of a packet is looked at.
    package enum Side: Sendable {
        case source
        case destination
    }

    /// Packets from a network, or to it: RFC 791, section 3.1, and RFC 8200, section 3.
    package init(_ side: Side, in network: CIDR) {
        let first: Int32
        switch (network.family, side) {
        case (.v4, .source): first = 12
        case (.v4, .destination): first = 16
        case (.v6, .source): first = 8
        case (.v6, .destination): first = 24
        }
        protocolNumber = UInt16(network.family == .v4 ? ETH_P_IP : ETH_P_IPV6)
        let width = network.family.bitWidth
        words = Set(
            stride(from: 0, to: network.prefixLength, by: 32).map { bit in
                let value = UInt32(truncatingIfNeeded: network.first.bits >> UInt128(width - 32 - bit))
                let length = min(network.prefixLength - bit, 32)
                return TrafficFilter.Word(
                    offset: first + Int32(bit / 8), value: value, mask: length == 32 ? .max : ~(.max >> length))
            })
    }
}

extension TrafficFilter {
    var message: NetlinkMessage {
        let info = UInt32(priority) << 16 | UInt32(selection.protocolNumber.bigEndian)
        var message = NetlinkMessage(
            type: UInt16(RTM_NEWTFILTER), flags: [.create, .exclusive],
            header: TrafficHeader(device, parent: parent, info: info))
        message.append(AttributeType(TCA_KIND), string: "u32")
        message.nest(AttributeType(TCA_OPTIONS)) { message in
            message.append(AttributeType(TCA_U32_CLASSID), flow.rawValue)
            message.nest(AttributeType(TCA_U32_SEL), header: Selector(words: selection.words)) { _ in }
            guard let redirection else { return }
            message.nest(AttributeType(TCA_U32_ACT)) { message in
                // The first action of the list.
                message.nest(AttributeType(1)) { message in
                    message.append(AttributeType(TCA_ACT_KIND), string: "mirred")
                    message.nest(AttributeType(TCA_ACT_OPTIONS)) { message in
                        let parameters = RedirectParameters(device: redirection)
                        message.nest(AttributeType(TCA_MIRRED_PARMS), header: parameters) { _ in }
                    }
                }
            }
        }
        return message
    }

    /// `struct tc_u32_sel` and `struct tc_u32_key`.
    private struct Selector: NetlinkHeader {
        let words: Set<Word>

        func encode(into message: inout NetlinkMessage) {
            // Without a word nothing would be picked, and one that asks for nothing picks all.
            let keys =
                words.isEmpty ? [Word(offset: 0, value: 0, mask: 0)] : words.sorted { $0.offset < $1.offset }
            message.append(field: UInt8(TC_U32_TERMINAL))
            message.append(field: UInt8(0))
            message.append(field: UInt16(truncatingIfNeeded: keys.count))
            for _ in 0..<3 { message.append(field: UInt32(0)) }
            for key in keys {
                message.append(field: key.mask.bigEndian)
                message.append(field: key.value.bigEndian)
                message.append(field: key.offset)
                message.append(field: Int32(0))
            }
        }
    }

    /// `struct tc_mirred`.
    private struct RedirectParameters: NetlinkHeader {
        let device: InterfaceIndex

        func encode(into message: inout NetlinkMessage) {
            message.append(field: UInt32(0))
            message.append(field: UInt32(0))
            message.append(field: Int32(TC_ACT_STOLEN))
            message.append(field: UInt64(0))
            message.append(field: Int32(TCA_EGRESS_REDIR))
            message.append(field: device.rawValue)
        }
    }
}
