import Addressing
import CNI
import Flannel
import JSON
import LinuxSystem
import Overlay
import Probing
import RouteNetlink

/// A flannel network as this host has it: what its daemon tells, beside what is in the kernel.
struct FlannelSite {
    let rows: [NodeRow]
    /// What is wrong, a line each.
    let faults: [String]

    /// Looks, and changes nothing.
    ///
    /// - Parameters:
    ///   - configuration: of the plugin `flannel`.
    ///   - timeout: milliseconds that hosts have to answer a probe; nil for none.
    ///   - host: a socket in the namespace of the daemon.
    /// - Throws: when there is no daemon that tells anything; what the kernel refused.
    init(
        reading configuration: NetworkConfiguration, probingWithin timeout: Int?, on host: inout RouteSocket
    ) throws {
        let path = try configuration.reader.optionalPath("subnetFile") ?? SubnetFile.defaultPath
        let file = try SubnetFile(path: path)
        let account: NetworkAccount
        do {
            account = try NetworkAccount(path: NetworkAccount.path(besides: path))
        } catch {
            throw Failure(lines: [
                "the daemon that wrote \(path) does not tell of its hosts (\(error)); that of this suite does"
            ])
        }
        let kernel = try Kernel(account, on: &host)
        // Hosts that route without a device have no address that nobody else has.
        guard timeout == nil || !account.devices.isEmpty else {
            throw Failure(lines: ["--probe: hosts of \(account.backend) have no addresses of their own in the overlay"])
        }
        let echoes = try timeout.map { try kernel.probe(account, packetSize: Int(file.mtu), timeout: $0) }
        var faults = account.fault.map { ["flanneld: \($0)"] } ?? []
        rows = account.hosts.map { node in
            let state = kernel.state(of: node, account)
            faults += Self.faults(of: node, state)
            return NodeRow(
                name: nil, publicIP: node.publicIP.map { "\($0)" } ?? "-", shares: ["\(node.subnet)"],
                mac: node.mac.map { "\($0)" } ?? "-", isOwn: node.isOwn, state: state,
                echoes: echoes.map { $0[node.subnet] ?? [] })
        }
        faults += rows.flatMap(\.silence)
        self.faults = faults
    }

    private static func faults(of node: NetworkAccount.Host, _ state: NodeRow.State) -> [String] {
        let name = "peer \(node.publicIP.map { "\($0)" } ?? "without an address")"
        if let fault = node.fault { return ["\(name): \(node.subnet) is left out: \(fault)"] }
        let parts = [
            ("route \(node.subnet)", state.route), ("neighbor \(node.subnet.first)", state.neighbor),
            ("forwarding entry \(node.mac.map { "\($0)" } ?? "")", state.forwarding),
        ]
        return parts.compactMap { what, state in
            state == nil || state == .ok ? nil : "\(name): \(what) \(state?.rawValue ?? "")"
        }
    }

    /// What leads to hosts.
    private struct Kernel {
        /// This host's devices, which are there.
        let devices: [Link]
        private let routes: [CIDR: Route]
        private let neighbors: [IPAddress: MACAddress]
        private let forwarding: [MACAddress: IPAddress]

        init(_ account: NetworkAccount, on host: inout RouteSocket) throws {
            var devices: [Link] = []
            for name in account.devices {
                if let link = try host.link(named: name) { devices.append(link) }
            }
            self.devices = devices
            let found = try AddressFamily.allCases.flatMap { try host.mainRoutes($0) }
            routes = Dictionary(found.map { ($0.destination, $0) }) { first, _ in first }
            var neighbors: [IPAddress: MACAddress] = [:]
            var forwarding: [MACAddress: IPAddress] = [:]
            for device in devices where device.vxlan != nil {
                for entry in try host.neighbors(.neighbors, on: device.index) { neighbors[entry.address] = entry.mac }
                for entry in try host.neighbors(.forwarding, on: device.index) { forwarding[entry.mac] = entry.address }
            }
            self.neighbors = neighbors
            self.forwarding = forwarding
        }

        func state(of node: NetworkAccount.Host, _ account: NetworkAccount) -> NodeRow.State {
            guard !node.isOwn, node.fault == nil else { return NodeRow.State() }
            // One route leads to all where this host's daemon sorts packets by hosts.
            let isTunnel = account.backend == "udp"
            let route = isTunnel ? routeByDevice(covering: node.subnet) : routes[node.subnet]
            let byDevice = devices.contains { $0.index == route?.device }
            let isDirect = route?.gateway != nil && route?.gateway == node.publicIP
            let isRight = isTunnel || isDirect || byDevice && route?.gateway == node.subnet.first
            var state = NodeRow.State()
            state.route = route == nil ? .missing : isRight ? .ok : .wrong
            guard let mac = node.mac, !isTunnel, !isDirect else { return state }
            let neighbor = neighbors[node.subnet.first]
            state.neighbor = neighbor == nil ? .missing : neighbor == mac ? .ok : .wrong
            let endpoint = forwarding[mac]
            state.forwarding = endpoint == nil ? .missing : endpoint == node.publicIP ? .ok : .wrong
            return state
        }

        private func routeByDevice(covering subnet: CIDR) -> Route? {
            routes.values.first { route in
                route.destination.contains(subnet) && devices.contains { $0.index == route.device }
            }
        }

        /// Asks the devices of all hosts, by their subnets.
        func probe(_ account: NetworkAccount, packetSize: Int, timeout: Int) throws(SystemError) -> [CIDR: [Echo]] {
            let nodes = account.hosts.filter { !$0.isOwn && $0.fault == nil }
            let targets = nodes.map { node in EchoProbe.Target(address: node.subnet.first, interface: nil) }
            let probe = try EchoProbe(targets, packetSize: packetSize, timeout: timeout)
            return Dictionary(zip(nodes.map(\.subnet), probe.echoes.map { [$0] })) { first, _ in first }
        }
    }
}
