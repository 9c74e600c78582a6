package import Addressing

/// A message between a client and a server: RFC 2131, section 2.
package struct DHCPMessage: Hashable, Sendable {
    package var isReply: Bool
    /// `xid`: what tells an answer which question it is to.
    package var transaction: UInt32
    /// `secs`: since the client began.
    package var seconds: UInt16 = 0
    /// Whether answers have to be broadcast, since the client cannot get others before it has an address.
    package var wantsBroadcast = false
    /// `ciaddr`: what the client has and uses.
    package var clientAddress = IPv4Address.unspecified
    /// `yiaddr`: what the server gives.
    package var yourAddress = IPv4Address.unspecified
    /// `chaddr`.
    package var hardwareAddress: MACAddress
    package var options = DHCPOptions()

    /// Option 53.
    package enum Kind: UInt8, Sendable {
        case discover = 1, offer, request, decline, acknowledgement, refusal, release, inform
    }

    package init(_ kind: Kind, isReply: Bool, transaction: UInt32, hardwareAddress: MACAddress) {
        self.isReply = isReply
        self.transaction = transaction
        self.hardwareAddress = hardwareAddress
        options[DHCPOption.messageType] = [kind.rawValue]
    }

    /// Nil for a message of BOOTP, and for a kind that clients and servers do not know.
    package var kind: Kind? { options.number(DHCPOption.messageType).flatMap(Kind.init) }

    /// Option 54.
    package var server: IPv4Address? { options.address(DHCPOption.server) }
}

extension IPv4Address {
    /// `0.0.0.0`.
    package static let unspecified = IPv4Address(rawValue: 0)
    /// `255.255.255.255`, all hosts of the link.
    package static let broadcast = IPv4Address(rawValue: .max)

    /// Whether a host can have it: it is in no block for groups, for the host itself or for the future.
    package var isUsableByHost: Bool { 1...223 ~= rawValue >> 24 && rawValue >> 24 != 127 }
}

/// The form on the wire.
extension DHCPMessage {
    /// Where parts of it are.
    private enum Layout {
        static let yourAddress = 16
        static let hardwareAddress = 28
        static let serverName = 44..<108
        static let file = 108..<236
        static let cookie = 236
        static let options = 240
        /// What BOOTP had, and what some relays still want to see.
        static let leastLength = 300
    }

    /// RFC 2132, section 2.
    private static let cookie: [UInt8] = [99, 130, 83, 99]
    /// Ethernet, and the length of its addresses.
    private static let hardware: [UInt8] = [1, 6]

    package var bytes: [UInt8] {
        var bytes: [UInt8] = [isReply ? 2 : 1] + Self.hardware + [0] + transaction.networkBytes
        bytes += seconds.networkBytes + [wantsBroadcast ? 0x80 : 0, 0]
        bytes += clientAddress.bytes + yourAddress.bytes + [UInt8](repeating: 0, count: 8)
        bytes += hardwareAddress.bytes
        bytes += [UInt8](repeating: 0, count: Layout.cookie - bytes.count) + Self.cookie + options.encoded
        return bytes + [UInt8](repeating: 0, count: max(0, Layout.leastLength - bytes.count))
    }

    /// Takes a message apart; nil for what is none, or is for other hardware than Ethernet, or has options without an end.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Layout.options, 1...2 ~= bytes[0], bytes[1..<3].elementsEqual(Self.hardware),
            bytes[Layout.cookie..<Layout.options].elementsEqual(Self.cookie),
            let hardwareAddress = MACAddress(
                bytes: Array(bytes[Layout.hardwareAddress..<Layout.hardwareAddress + 6]).span)
        else { return nil }
        func number(_ range: Range<Int>) -> UInt32 { bytes[range].reduce(0) { $0 << 8 | UInt32($1) } }
        isReply = bytes[0] == 2
        transaction = number(4..<8)
        seconds = UInt16(truncatingIfNeeded: number(8..<10))
        wantsBroadcast = bytes[10] & 0x80 != 0
        clientAddress = IPv4Address(rawValue: number(12..<16))
        yourAddress = IPv4Address(rawValue: number(Layout.yourAddress..<Layout.yourAddress + 4))
        self.hardwareAddress = hardwareAddress

        guard options.append(parsing: bytes[Layout.options...]) else { return nil }
        // Options may go on in the fields of BOOTP, first in the one for a file.
        let overload = options.number(DHCPOption.overload, as: UInt8.self) ?? 0
        for (bit, field) in [(UInt8(1), Layout.file), (2, Layout.serverName)] where overload & bit != 0 {
            guard options.append(parsing: bytes[field]) else { return nil }
        }
        options[DHCPOption.overload] = nil
    }
}
