package import Addressing
package import LinuxSystem
package import RouteNetlink

/// The two ends that join a container to its host.
package struct VethPair: Sendable {
    /// On the host, a port of a bridge or an interface that is routed to.
    package let host: Link
    /// In the container's namespace.
    package let container: Link

    /// What a pair is made with.
    package struct Options: Sendable {
        /// Of the end on the host.
        package var name: String
        /// Of the end in the container.
        package var peerName: String
        package var mtu: UInt32?
        /// Of the end in the container; nil lets the kernel choose.
        package var mac: MACAddress?
        /// What `ip link` shows beside the end on the host.
        package var alias: String

        package init(name: String, peerName: String, mtu: UInt32?, mac: MACAddress?, alias: String) {
            self.name = name
            self.peerName = peerName
            self.mtu = mtu
            self.mac = mac
            self.alias = alias
        }
    }

    /// What makes the end on the host a port of a bridge.
    package struct Port: Sendable {
        package let bridge: Bridge
        package let options: BridgePortOptions
        package let vlans: PortVLANs?

        package init(of bridge: Bridge, _ options: BridgePortOptions, vlans: PortVLANs?) {
            self.bridge = bridge
            self.options = options
            self.vlans = vlans
        }
    }

    /// Makes both ends where they belong with one request: the host's up and on its bridge, the container's still
    /// down, since the kernel brings it up no sooner than its peer exists.
    ///
    /// - Parameters:
    ///   - options: names and settings.
    ///   - port: the place of the end on the host; nil for none on a bridge.
    ///   - host: the host's namespace.
    ///   - container: a socket in the container's namespace.
    ///   - namespace: the container's namespace.
    /// - Returns: both ends as the kernel made them.
    /// - Throws: `EEXIST` when one of the names is taken; what the kernel refused. Nothing is left then.
    package static func create(
        _ options: Options, as port: Port?, from host: inout RouteSocket,
        into container: inout RouteSocket, of namespace: borrowing NetworkNamespace
    ) throws(SystemError) -> VethPair {
        var end = NewLink(name: options.name)
        end.mtu = options.mtu
        end.master = port?.bridge.link.index
        end.transmitQueueLength = 0
        end.hasSingleQueue = true
        end.isUp = true
        var peer = NewLink(name: options.peerName)
        peer.mtu = options.mtu
        peer.mac = options.mac
        peer.hasSingleQueue = true
        // The kernel takes these of a link that is there, and not of one in the making. Both go in one call, so that
        // there is no link that does not say whose it is, even if this process is killed, and none of others that does.
        var more = LinkChange()
        more.alias = options.alias
        more.port = port?.options
        do throws(SystemError) {
            try host.create(end, VethPeer(peer, in: namespace), then: more)
            guard let hostLink = try host.link(named: options.name) else {
                throw SystemError("find link", options.name, .noSuchDevice)
            }
            guard let containerLink = try container.link(named: options.peerName) else {
                throw SystemError("find link", options.peerName, .noSuchDevice)
            }
            // The container's end is down, so no frame has passed in another VLAN.
            try port?.vlans?.ensure(onPort: hostLink, on: &host)
            return VethPair(host: hostLink, container: containerLink)
        } catch  where error.code == .exists {
            throw error
        } catch {
            _ = try? host.deleteLink(named: options.name)
            guard error.code == .exchangeFull, let port else { throw error }
            throw SystemError(
                "add port to bridge", port.bridge.link.name, error.code,
                explanation: "it has \(Bridge.portLimit) ports, which is the most that the kernel lets it have")
        }
    }

    /// Sees that neither name is taken, and says by whom if one is.
    ///
    /// - Throws: `EEXIST`.
    package static func requireFreeNames(
        _ options: Options, on host: inout RouteSocket, in container: inout RouteSocket
    ) throws(SystemError) {
        try container.requireFreeName(options.peerName)
        if let other = try host.link(named: options.name) {
            throw SystemError(
                "create interface", options.name, .exists,
                explanation: "the host has an interface of this name already, alias \"\(other.alias ?? "")\"")
        }
    }

    /// Waits until both ends pass packets, and the bridge with them: the kernel finds out about a carrier a moment after
    /// the request that causes it.
    ///
    /// - Throws: `ETIMEDOUT` with the state of the end that is not up when the deadline passes.
    package func waitUntilUp(
        milliseconds: Int, on host: inout RouteSocket, and container: inout RouteSocket,
        of namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        try Self.waitUntilUp(self.host, milliseconds, &host) { () throws(SystemError) in try RouteMonitor(.links) }
        try Self.waitUntilUp(self.container, milliseconds, &container) { () throws(SystemError) in
            try RouteMonitor(.links, in: namespace)
        }
    }

    static func waitUntilUp(
        _ link: Link, _ milliseconds: Int, _ socket: inout RouteSocket,
        _ openMonitor: () throws(SystemError) -> RouteMonitor
    ) throws(SystemError) {
        func isUp(_ link: Link?) -> Bool { link?.operationalState == .up }
        if isUp(try socket.link(at: link.index)) { return }
        let deadline = MonotonicClock.milliseconds + milliseconds
        var monitor = try openMonitor()
        // Once more, for what happened before the monitor listened.
        while try !isUp(socket.link(at: link.index)) {
            let left = deadline - MonotonicClock.milliseconds
            guard try monitor.wait(for: link.index, milliseconds: left, until: isUp) else {
                let state = try socket.link(at: link.index)?.operationalState
                throw SystemError(
                    "bring up link", link.name, .timedOut,
                    explanation: state.map { "it is \($0) after \(milliseconds) ms" } ?? "it is gone")
            }
        }
    }
}
