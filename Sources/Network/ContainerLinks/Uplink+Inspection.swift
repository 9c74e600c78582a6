package import LinuxSystem
package import RouteNetlink

extension Uplink {
    /// What is not as `join` left it, in words; none when all is well.
    ///
    /// - Throws: as `find` does.
    package func differences(on host: inout RouteSocket) throws(SystemError) -> [String] {
        let (link, bridge) = try find(on: &host)
        guard let bridge, link.master == bridge.link.index else {
            return ["uplink \(link.name) is no port of bridge \(bridgeName)"]
        }
        var differences: [String] = []
        if !link.isUp { differences.append("uplink \(link.name) is down") }
        if link.isUp && [.down, .lowerLayerDown].contains(link.operationalState) {
            differences.append("uplink \(link.name) has no carrier")
        }
        guard link.isUplink else { return differences }
        let settings = try HostSettings(on: link, of: &host)
        differences += settings.addresses.filter { !$0.isOfLink }.map {
            "\($0.address) is on uplink \(link.name) and not on bridge \(bridgeName)"
        }
        differences += settings.routes.map {
            "route \($0.route) leads by uplink \(link.name), past bridge \(bridgeName)"
        }
        if link.mac != bridge.link.mac {
            differences.append("bridge \(bridgeName) has not the MAC address of uplink \(link.name)")
        }
        return differences
    }

    /// Lets the frames of VLANs pass by the interface with a tag, beside those without.
    ///
    /// - Parameters:
    ///   - ids: 1 to 4094 each; of an interface that an administrator made a port the VLANs are left to that.
    ///   - host: the namespace of the bridge, which filters VLANs.
    /// - Throws: as `find` does, and what the kernel refused.
    package func admit(_ ids: [UInt16], on host: inout RouteSocket) throws(SystemError) {
        guard !ids.isEmpty else { return }
        let port = try find(on: &host).link
        guard port.isUplink else { return }
        try PortVLANs(untagged: nil, tagged: ids, leavesOthers: false).ensure(onPort: port, on: &host)
    }
}
