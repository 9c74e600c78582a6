import CLinux

/// `struct nfgenmsg`, the fixed part of every message of netfilter.
public struct NetfilterHeader: NetlinkHeader {
    /// `NFPROTO_…`.
    private let family: UInt8
    private let resource: UInt16

    /// - Parameters:
    ///   - family: `NFPROTO_…`, or `AF_UNSPEC`.
    ///   - resource: what the message is about, where its type does not tell.
    public init(family: UInt8, resource: UInt16 = 0) {
        self.family = family
        self.resource = resource
    }

    public func encode(into message: inout NetlinkMessage) {
        message.append(field: family)
        message.append(field: UInt8(NFNETLINK_V0))
        message.append(field: resource.bigEndian)
    }

    /// Where attributes begin in a reply.
    public static let length = 4
}
