import Addressing
import Flannel
import JSON
import LinuxSystem
import Overlay
import RouteNetlink

/// What the backend `vxlan` needs in the kernel, and tells the other hosts: a device for each family, `flannel.VNI` and
/// `flannel-v6.VNI`.
struct VXLANBackend: Backend {
    static let type = "vxlan"

    let settings: VXLANBackendSettings
    /// Of this host's devices; they stay the same for good.
    let macs: [AddressFamily: MACAddress]

    /// The name of the device of a family.
    static func deviceName(_ family: AddressFamily, vni: UInt32) -> String {
        family == .v4 ? "flannel.\(vni)" : "flannel-v6.\(vni)"
    }

    private func deviceName(_ family: AddressFamily) -> String { Self.deviceName(family, vni: settings.vni) }

    func devices(_ families: [AddressFamily]) -> Set<String> { Set(families.map(deviceName)) }

    /// What the other hosts are told.
    func attributes(_ underlay: HostUnderlay) -> LeaseAttributes {
        func data(_ family: AddressFamily) -> JSONValue? {
            guard underlay.announced[family] != nil, let mac = macs[family] else { return nil }
            return VXLANLeaseData(vni: settings.vni, mac: mac).value
        }
        return LeaseAttributes(
            publicIP: underlay.announced[.v4], publicIPv6: underlay.announced[.v6], backendType: Self.type,
            backendData: data(.v4), backendV6Data: data(.v6))
    }

    /// Bytes of a packet between containers: what fits through every device.
    func mtu(_ underlay: HostUnderlay) -> UInt32 {
        underlay.local.keys.map { mtu(underlay, $0) }.min() ?? underlay.link.mtu
    }

    private func mtu(_ underlay: HostUnderlay, _ family: AddressFamily) -> UInt32 {
        let outer = min(settings.outerMTU ?? underlay.link.mtu, underlay.link.mtu)
        let overhead = VXLANDevice.overhead(over: family)
        return outer > overhead + 68 ? outer - overhead : 68
    }

    func reconcile(
        _ place: BackendPlace, on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) -> BackendOutcome {
        var outcome = BackendOutcome()
        let direct: [CIDR]
        do throws(SystemError) {
            direct = settings.routesDirectly ? try host.onLinkNetworks(of: place.underlay.link.index) : []
        } catch {
            outcome.failure = error
            return outcome
        }
        for overlay in overlays(place, directNetworks: direct) {
            outcome.add { try overlay.reconcile(on: &host, holding: lock) }
        }
        return outcome
    }

    /// What is to be in the kernel: an overlay for each family.
    private func overlays(_ place: BackendPlace, directNetworks: [CIDR]) -> [VXLANOverlay] {
        let underlay = place.underlay
        return AddressFamily.allCases.compactMap { family in
            guard let subnet = place.own[family], let local = underlay.local[family], let mac = macs[family] else {
                return nil
            }
            let device = VXLANDevice(
                name: deviceName(family), id: settings.vni, port: settings.port ?? VXLANDevice.defaultPort,
                underlay: underlay.link.index, local: local, mac: mac, mtu: mtu(underlay, family),
                delivery: .routed(addresses: [subnet.first], isLearning: settings.isLearning),
                hasGroupPolicy: settings.hasGroupPolicy, takesOver: true)
            return VXLANOverlay(
                device: device, peers: place.peers.compactMap { Self.peer($0, family) },
                directNetworks: directNetworks)
        }
    }

    private static func peer(_ lease: LeaseTable.Lease, _ family: AddressFamily) -> VXLANPeer? {
        guard let subnet = lease.subnets[family], let endpoint = lease.attributes.address(family),
            let data = try? data(of: lease.attributes, family)
        else { return nil }
        return VXLANPeer(endpoint: endpoint, mac: data.mac, subnets: [subnet])
    }

    private static func data(
        of lease: LeaseAttributes, _ family: AddressFamily
    ) throws(JSONError) -> VXLANLeaseData {
        let name = family == .v4 ? "BackendData" : "BackendV6Data"
        guard let data = lease.data(family) else { throw JSONError(path: name, message: "missing") }
        return try VXLANLeaseData(reading: JSONReader(data, path: name))
    }

    func mac(of lease: LeaseAttributes, _ family: AddressFamily) -> MACAddress? {
        try? Self.data(of: lease, family).mac
    }

    /// Of two leases with one MAC address, the later is refused.
    func faults(in families: [AddressFamily]) -> (LeaseTable.Lease) -> String? {
        var owners: [MACAddress: IPAddress] = [:]
        return { lease in
            if let fault = typeFault(of: lease) { return fault }
            for family in families where lease.subnets[family] != nil {
                let data: VXLANLeaseData
                do throws(JSONError) {
                    data = try Self.data(of: lease.attributes, family)
                } catch {
                    return "\(error)"
                }
                if let vni = data.vni, vni != settings.vni { return "its VNI is \(vni), and not \(settings.vni)" }
                if macs.values.contains(data.mac) { return "its device has the address of this host's, \(data.mac)" }
                guard let endpoint = lease.attributes.address(family) else { continue }
                if let owner = owners[data.mac], owner != endpoint {
                    return "its device has the address \(data.mac), which is that of host \(owner)"
                }
                owners[data.mac] = endpoint
            }
            return nil
        }
    }
}
