import Attachments
import CNI
import LinuxSystem
import Netlink
import PluginKit
import RouteNetlink

/// An ADD: the host's end of the container's pair, and what is made for it.
struct BandwidthAttachment: ~Copyable {
    private let configuration: BandwidthConfiguration
    private let attachment: Attachment
    private let alias: String
    private var host: RouteSocket
    private let link: Link
    private var rollback = Rollback(report: StandardStreams.log)

    /// - Throws: code 8 without the container's namespace, 7 without a pair that leads to this host.
    init(_ invocation: Invocation, _ configuration: BandwidthConfiguration, _ previous: CNIResult) throws {
        var container = try RouteSocket(in: try invocation.openNamespace())
        var host = try RouteSocket()
        link = try invocation.hostEnd(in: previous, &container, &host)
        attachment = invocation.attachment
        alias = attachment.alias(pod: PodName(invocation.arguments))
        self.configuration = configuration
        self.host = host
    }

    mutating func limitIngress() throws(SystemError) {
        guard let limit = configuration.ingress else { return }
        warn(of: limit, "ingressBurst")
        try shape(link, Shaper(limit, configuration.subnets, .source))
    }

    /// Has what arrives from the container leave by a device of its own, where it can wait.
    ///
    /// - Returns: that device; nil where there is no limit.
    /// - Throws: what the kernel refused.
    mutating func limitEgress() throws(SystemError) -> Link? {
        guard let limit = configuration.egress else { return nil }
        warn(of: limit, "egressBurst")
        let ifb = try makeIFB()
        try shape(ifb, Shaper(limit, configuration.subnets, .destination))
        let requests = link.redirection(to: ifb)
        try add(requests[0], at: .ingress, of: link, handle: Link.ingressHandle)
        try host.perform(Array(requests.dropFirst()))
        return ifb
    }

    /// Makes the device, in place of one that a process of the same attachment left that was killed.
    private mutating func makeIFB() throws(SystemError) -> Link {
        for stale in try attachment.ownIFBs(on: &host) where attachment.owns(alias: stale.alias) {
            try host.deleteLink(named: stale.name)
        }
        let name = try attachment.freeIFBName(on: &host)
        var ifb = NewLink(name: name)
        ifb.mtu = link.mtu
        ifb.isUp = true
        ifb.transmitQueueLength = Self.queueLength
        var mark = LinkChange()
        mark.alias = alias
        try host.create(ifb, IFBOptions(), then: mark)
        rollback.register("delete \(name)") {
            var host = try RouteSocket()
            try host.deleteLink(named: name)
        }
        guard let made = try host.link(named: name) else { throw SystemError("find link", name, .noSuchDevice) }
        return made
    }

    /// Packets: what the kernel gives most devices.
    private static let queueLength: UInt32 = 1000

    private mutating func shape(_ link: Link, _ shaper: Shaper) throws(SystemError) {
        let requests = shaper.requests(for: link)
        try add(requests[0], at: .root, of: link, handle: Shaper.handle)
        try host.perform(Array(requests.dropFirst()))
    }

    /// Adds a qdisc, with which all goes that is added to it.
    private mutating func add(
        _ request: NetlinkRequest, at parent: TrafficHandle, of link: Link, handle: TrafficHandle
    ) throws(SystemError) {
        do throws(SystemError) {
            try host.perform(request)
        } catch  where error.code == .exists {
            throw SystemError(
                error.operation, error.subject, error.code,
                explanation: "\(link.name) has one already: DEL this attachment first, or see whose it is with "
                    + "tc qdisc show dev \(link.name)")
        }
        rollback.register("delete qdisc of \(link.name)") {
            var host = try RouteSocket()
            try host.deleteQdisc(handle, at: parent, of: link)
        }
    }

    /// A packet that never fits into the bucket is dropped.
    private func warn(of limit: TokenBucket, _ member: String) {
        let frame = link.mtu + Self.headerLength
        guard limit.burst < frame else { return }
        StandardStreams.log(
            "\(member) has no room for packets of \(frame) bytes, which \(link.name) can carry: they will be dropped; "
                + "make it \(UInt64(frame) * 8) bits or more")
    }

    /// `ETH_HLEN`.
    private static let headerLength: UInt32 = 14

    /// Keeps what was made.
    ///
    /// - Throws: code 11 when a signal asked this process to end; nothing is kept then.
    consuming func commit() throws(SystemError) {
        try Interruption.check()
        rollback.commit()
    }
}
