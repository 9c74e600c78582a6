import Addressing
import Glibc
import JSON
import LinuxSystem
import Overlay
import RouteNetlink
import UDPTunnel

/// The ways between two hosts beside each other: what iperf3 gets through between two containers.
enum BackendBenchmark {
    static func run(_ bench: Bench) throws {
        let rounds = min(bench.runs, 5)
        let pairs = try Backend.allCases.map { try Pair($0) }
        let kinds: [(name: String, options: [String])] = [
            ("one TCP connection", []), ("four TCP connections", ["-P", "4"]),
            ("UDP of 64 bytes", ["-u", "-b", "0", "-l", "64"]),
        ]
        print("\nBackends between two hosts of one machine, medians of \(rounds) interleaved runs of 3 seconds\n")
        print("| | backend | Gbit/s | of vxlan | packets/s | lost | CPU of the daemons' threads |")
        print("|---|---|---:|---:|---:|---:|---:|")
        for kind in kinds {
            var results = pairs.map { _ in [Result]() }
            for _ in 0..<rounds {
                for (index, pair) in pairs.enumerated() { results[index].append(try pair.measure(kind.options)) }
            }
            let medians = results.map(Result.median)
            for (pair, result) in zip(pairs, medians) {
                let share = Row.decimal(result.bits / medians[0].bits, digits: 2)
                let cells = [
                    Row.decimal(result.bits / 1e9, digits: 2), share, "\(Int(result.packets))",
                    "\(Row.decimal(result.lost, digits: 1)) %", "\(Int(result.processors * 100)) %",
                ]
                print("| \(kind.name) | \(pair.backend.rawValue) | \(cells.joined(separator: " | ")) |")
            }
        }
    }

    /// The first is what the others are compared with.
    enum Backend: String, CaseIterable {
        case vxlan
        case hostGateway = "host-gw"
        case udp
    }

    /// What one run of iperf3 said.
    private struct Result {
        var bits = 0.0
        var packets = 0.0
        /// In hundredths.
        var lost = 0.0
        /// How many this process kept busy.
        var processors = 0.0

        static func median(_ results: [Result]) -> Result {
            func middle(_ part: (Result) -> Double) -> Double { results.map(part).sorted()[results.count / 2] }
            return Result(
                bits: middle(\.bits), packets: middle(\.packets), lost: middle(\.lost), processors: middle(\.processors)
            )
        }
    }

    /// Two hosts on one link, each with a container.
    private final class Pair {
        let backend: Backend
        private let hosts: [Host]
        private let containers: [Host]
        private var tunnels: [Tunnel] = []

        /// A namespace in an array.
        final class Host {
            let namespace: NetworkNamespace
            init() throws(SystemError) { namespace = try .make() }
        }

        init(_ backend: Backend) throws {
            self.backend = backend
            hosts = [try Host(), try Host()]
            containers = [try Host(), try Host()]
            try Self.ip(hosts[0], "link add eth0 type veth peer name eth0 netns \(Self.path(hosts[1]))")
            let overhead = backend == .vxlan ? 50 : backend == .udp ? 28 : 0
            for (number, (host, container)) in zip(hosts, containers).enumerated() {
                try Self.ip(host, "link set lo up")
                try Self.ip(host, "address add 192.168.77.\(number + 1)/24 dev eth0")
                try Self.ip(host, "link set eth0 up")
                try Self.ip(host, "link add pod type veth peer name eth0 netns \(Self.path(container))")
                try Self.ip(host, "address add 10.244.\(number).1/24 dev pod")
                try Self.ip(host, "link set pod up")
                try Self.ip(container, "address add 10.244.\(number).5/24 dev eth0")
                try Self.ip(container, "link set eth0 mtu \(1500 - overhead) up")
                try Self.ip(container, "route add default via 10.244.\(number).1")
            }
            for number in 0...1 { try join(number) }
        }

        deinit {
            for tunnel in tunnels { tunnel.stop() }
        }

        private static func path(_ host: Host) -> String {
            "/proc/\(getpid())/fd/\(host.namespace.descriptor.rawValue)"
        }

        private static func ip(_ host: Host, _ words: String) throws {
            let child = try host.namespace.run { () throws(SystemError) in
                try Subprocess.run("/usr/sbin/ip", words.split(separator: " ").map(String.init), environment: [])
            }
            guard child.ending == .exited(0) else { fail("ip \(words) failed") }
        }

        /// Joins a host to the other one.
        private func join(_ number: Int) throws {
            guard let own = CIDR("10.244.\(number).0/24"), let other = CIDR("10.244.\(1 - number).0/24"),
                case .v4(let local) = IPAddress("192.168.77.\(number + 1)"),
                case .v4(let remote) = IPAddress("192.168.77.\(2 - number)"), case .v4(let address) = own.first,
                let network = CIDR("10.244.0.0/16")
            else { return }
            var socket = try RouteSocket(in: hosts[number].namespace)
            guard let underlay = try socket.link(named: "eth0") else { return }
            let backend = backend
            let tunnel = try hosts[number].namespace.run { () throws(SystemError) -> Tunnel? in
                var socket = try RouteSocket()
                switch backend {
                case .vxlan:
                    let device = VXLANDevice(
                        name: "flannel.1", id: 1, underlay: underlay.index, local: .v4(local), mac: Self.mac(number),
                        mtu: 1450, delivery: .routed(addresses: [own.first]))
                    let peer = VXLANPeer(endpoint: .v4(remote), mac: Self.mac(1 - number), subnets: [other])
                    _ = try VXLANOverlay(device: device, peers: [peer]).reconcile(on: &socket, holding: OverlayLock())
                case .hostGateway:
                    let peer = HostGatewayPeer(subnet: other, gateway: .v4(remote))
                    let overlay = try HostGatewayOverlay(
                        over: underlay, networks: [network], peers: [peer], on: &socket)
                    _ = try overlay.reconcile(on: &socket, holding: OverlayLock())
                case .udp:
                    let tunnel = try Tunnel(
                        Tunnel.Settings(
                            device: "flannel0", local: local, address: address, subnets: [own], queues: Self.queues))
                    tunnel.replaceRoutes(TunnelRoutes([.init(other, behind: remote)]))
                    let overlay = UDPOverlay(device: "flannel0", mtu: 1472, address: address, network: network)
                    _ = try overlay.reconcile(on: &socket, holding: OverlayLock())
                    return tunnel
                }
                return nil
            }
            if let tunnel { tunnels.append(tunnel) }
        }

        private static func mac(_ number: Int) -> MACAddress { MACAddress(locallyAdministeredFrom: UInt64(number)) }

        private static let queues = 2

        func measure(_ options: [String]) throws -> Result {
            var attempt = 1
            while true {
                if let result = try measureOnce(options) { return result }
                // The server listens some time after it has gone on alone.
                if attempt == 20 { fail("iperf3 by \(backend.rawValue) failed") }
                attempt += 1
            }
        }

        /// Nil when there was no connection.
        private func measureOnce(_ options: [String]) throws -> Result? {
            _ = try containers[1].namespace.run { () throws(SystemError) in
                try Subprocess.run("/usr/bin/iperf3", ["-s", "-1", "-D"], environment: [])
            }
            let start = (MonotonicClock.nanoseconds, Self.ownNanoseconds)
            let child = try containers[0].namespace.run { () throws(SystemError) in
                try Subprocess.run(
                    "/usr/bin/iperf3", ["-c", "10.244.1.5", "-t", "3", "-J"] + options, environment: [])
            }
            let elapsed = Double(MonotonicClock.nanoseconds - start.0)
            let report = try JSONValue(parsing: String(decoding: child.output, as: UTF8.self))
            let end = report.object?["end"]?.object
            func number(_ part: String, _ member: String) -> Double {
                end?[part]?.object?[member]?.number.flatMap { Double($0.text) } ?? 0
            }
            let isUDP = options.contains("-u")
            let lost = isUDP ? number("sum", "lost_percent") : 0
            let bits = number(isUDP ? "sum" : "sum_received", "bits_per_second")
            guard bits > 0 else { return nil }
            return Result(
                bits: bits * (1 - lost / 100), packets: number("sum", "packets") / 3 * (1 - lost / 100), lost: lost,
                processors: Double(Self.ownNanoseconds - start.1) / elapsed)
        }

        /// User and system time of this process: getrusage(2).
        private static var ownNanoseconds: Int {
            var usage = rusage()
            unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
            return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + $1.tv_sec * 1_000_000_000 + $1.tv_usec * 1000 }
        }
    }
}
