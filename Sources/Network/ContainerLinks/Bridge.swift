import Addressing
package import LinuxSystem
package import RouteNetlink

/// A Linux bridge that containers hang on.
package struct Bridge: Sendable {
    package let link: Link

    /// What a bridge is to be.
    package struct Options: Sendable {
        package var name: String
        /// Bytes, for a new bridge only; nil for the kernel's default.
        package var mtu: UInt32?
        /// Switched on when asked for, and never off.
        package var isPromiscuous: Bool
        /// Whether it keeps its ports' VLANs apart.
        package var filtersVLANs: Bool

        package init(name: String, mtu: UInt32?, isPromiscuous: Bool, filtersVLANs: Bool) {
            self.name = name
            self.mtu = mtu
            self.isPromiscuous = isPromiscuous
            self.filtersVLANs = filtersVLANs
        }
    }

    /// How the alias of the links begins that this suite made and that outlive the containers.
    static let alias = "cni bridge"

    /// `BR_MAX_PORTS` of the kernel's br_private.h, of which the number 0 is no port's.
    static let portLimit = 1023

    /// Of the bridge that containers hang on where nobody names one, as with the reference.
    package static let defaultName = "cni0"

    /// - Parameter link: one that is a bridge.
    package init(link: Link) {
        self.link = link
    }

    /// Whether this suite made the bridge; one that an administrator made is changed as little as can be.
    package var isOurs: Bool { link.alias == Self.alias }

    /// Takes the bridge of a name, making it when there is none, and sees that it is up.
    ///
    /// A new one gets a MAC address of its own from the start, so that it never follows its ports'.
    ///
    /// - Returns: the bridge as it was found or made.
    /// - Throws: `EEXIST` when another kind of link has the name; `EINVAL` when VLANs are wanted of a bridge of others that
    ///   does not filter them; what the kernel refused.
    package static func ensure(_ options: Options, on host: inout RouteSocket) throws(SystemError) -> Bridge {
        let name = options.name
        let existing = try host.link(named: name)
        let link = if let existing { existing } else { try create(options, on: &host) }
        try requireUsable(link, filteringVLANs: options.filtersVLANs, on: &host)
        var change = LinkChange()
        if !link.isUp { change.isUp = true }
        if options.isPromiscuous && !link.isPromiscuous { change.isPromiscuous = true }
        if options.filtersVLANs && link.bridge?.filtersVLANs == false {
            change.options = BridgeOptions(filtersVLANs: true)
        }
        if change.isUp != nil || change.isPromiscuous != nil || change.options != nil {
            try host.perform(.change(link.index, name, to: change))
        }
        return Bridge(link: link)
    }

    private static func create(_ options: Options, on host: inout RouteSocket) throws(SystemError) -> Link {
        let name = options.name
        var request = NewLink(name: name)
        request.mtu = options.mtu
        request.mac = MACAddress(locallyAdministeredFrom: .random(in: 0 ... .max))
        let settings = BridgeOptions(filtersVLANs: options.filtersVLANs ? true : nil)
        var mark = LinkChange()
        mark.alias = alias
        do throws(SystemError) {
            try host.create(request, settings, then: mark)
        } catch  where error.code == .exists {
            // Another plugin was faster; its bridge is as good.
        } catch  where error.code == .notSupported && options.filtersVLANs {
            throw SystemError(error.operation, name, error.code, explanation: BridgeVLAN.isMissingFromKernel)
        }
        // Where IPv6 is off there is nothing to switch off.
        try? Sysctl.set("net/ipv6/conf/\(name)/accept_ra", to: "0")
        guard let link = try host.link(named: name) else { throw SystemError("find bridge", name, .noSuchDevice) }
        return link
    }

    /// Sees that a link can be used as the bridge.
    ///
    /// - Throws: `EEXIST` when it is another kind of link; `EINVAL` when VLANs are wanted of a bridge of others that does not
    ///   filter them; `EOPNOTSUPP` where the kernel cannot.
    package static func requireUsable(
        _ link: Link, filteringVLANs: Bool, on host: inout RouteSocket
    ) throws(SystemError) {
        guard case .bridge = link.kind else {
            throw SystemError(
                "use bridge", link.name, .exists, explanation: "\"\(link.name)\" already exists but is not a bridge")
        }
        guard filteringVLANs else { return }
        _ = try host.vlans(of: link.index, link.name)
        guard link.bridge?.filtersVLANs == true || Bridge(link: link).isOurs else {
            throw SystemError(
                "use bridge", link.name, .invalidArgument,
                explanation:
                    "it does not filter VLANs; `ip link set \(link.name) type bridge vlan_filtering 1` makes it")
        }
    }

    /// Sees that the kernel would make a bridge for this process.
    ///
    /// - Throws: `EOPNOTSUPP` where it has none, or none that filters VLANs if it is to; `EPERM` without the privilege.
    package static func requireCreatable(filteringVLANs: Bool, on host: inout RouteSocket) throws(SystemError) {
        try host.requireCreatable(BridgeOptions())
        if filteringVLANs { _ = try host.vlans(of: .noInterface, "all bridges") }
    }
}
