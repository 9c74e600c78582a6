import JSON
import LinuxSystem
import TestSupport
import Testing

/// Every network configuration that users are given, in `conf/` or on a page, whichever there are.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct ConfTests {
    struct Configuration: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let text: String
    }

    static let configurations =
        Repository.names(in: "conf").filter { $0.hasSuffix(".conflist") }.map { file in
            Configuration(testDescription: file, text: (try? Repository.text("conf/\(file)")) ?? "")
        }
        + Page.all.flatMap { page in
            page.configurations.map { Configuration(testDescription: page.path, text: $0) }
        }

    /// Those whose plugins are all here; the reference's are needed for some.
    static let usable = configurations.filter { configuration in
        guard let list = try? JSONValue(parsing: configuration.text) else { return true }
        guard !usesDHCP(list) || DHCPServer.areAvailable else { return false }
        return plugins(of: list).allSatisfy { plugin in
            guard let type = plugin["type"]?.string else { return true }
            guard !GuestInterfaceTests.plugins.contains(type) else { return false }
            return [Executables.own, Executables.reference].contains { File.isRegular("\($0)/\(type)") }
        }
    }

    let host: TestHost
    /// On the network of the host's own interface, whose router it is.
    let router: TestContainer

    init() throws {
        host = try TestHost()
        router = try TestContainer()
        try host.namespace.shell(
            """
            ip link add eth0 type veth peer name wire netns \(router.path)
            ip address add 192.168.1.11/24 dev eth0
            ip link set eth0 up
            ip link add eth1 type veth peer name wire1 netns \(router.path)
            """)
        try router.namespace.shell(
            """
            ip address add 192.168.1.1/24 dev wire
            ip link set wire up
            ip address add 192.0.2.1/24 dev wire1
            ip link set wire1 up
            """)
    }

    @Test(arguments: usable)
    func attachesContainersAndLeavesNothing(configuration: Configuration) throws {
        let list = try JSONValue(parsing: configuration.text)
        let network = try #require(list.object?["name"]?.string)
        try host.directory.write("net.d/shown.conflist", configuration.text)
        try host.directory.write(
            "flannel/subnet.env",
            "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.5.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n")

        let dhcp = try Self.usesDHCP(list) ? startDHCP(bridge: Self.plugins(of: list).first?["bridge"]?.string) : []
        defer { for program in dhcp { program.end() } }

        let containers = try (0..<Self.capacity(of: list)).map { _ in try TestContainer() }
        let results = try containers.map { try JSONValue(parsing: cnitool("add", network, $0.path)) }
        #expect(host.directory.names(in: "lib/cni/results").count == containers.count)
        // At the other end of a tap is whatever opens it.
        let isTap = Self.plugins(of: list).contains { $0["type"] == "tap" }
        for (container, own) in zip(containers, results) {
            let others = results.filter { $0 != own }
            for address in values(of: "gateway", in: own) + others.flatMap({ values(of: "address", in: $0) })
            where !isTap {
                let host = String(address.prefix { $0 != "/" })
                #expect(container.reaches(host), "\(host)")
            }
            try cnitool("check", network, container.path)
        }
        for container in containers {
            try cnitool("del", network, container.path)
            #expect(try container.ip("link", "show").array?.count == 1)
        }

        #expect(
            try host.linkNames() == (["eth0", "eth1", "lo"] + Self.plugins(of: list).flatMap(lastingLinks)).sorted())
        // A network that is kept apart stays so as long as its devices.
        let tables = try host.ruleset().matches(of: /table (.+) \{/).map { String($0.1) }
        let isKeptApart = Self.plugins(of: list).contains { $0["ingressPolicy"] != nil }
        #expect(tables == (isKeptApart ? ["inet cni_isolation"] : []))
        #expect(host.directory.names(in: "lib/cni/results").isEmpty)
        #expect(host.directory.names(in: "lib/cni/flannel").allSatisfy { $0.hasPrefix(".") })
        let leases = host.directory.names(in: "lib/cni/networks/\(network)")
            .filter { $0.contains(".") || $0.contains(":") }
        #expect(leases.allSatisfy { $0.hasPrefix("last_reserved_ip.") || $0.hasPrefix(".") }, "\(leases)")
    }

    private static func usesDHCP(_ list: JSONValue) -> Bool {
        plugins(of: list).contains { $0["ipam"]?.object?["type"] == "dhcp" }
    }

    /// A server on the network's bridge, whose MAC address does not follow its ports, and a daemon.
    private func startDHCP(bridge: String?) throws -> [RunningProgram] {
        let bridge = try #require(bridge)
        try host.namespace.shell(
            """
            ip link add \(bridge) address 02:00:00:00:00:01 type bridge
            ip address add 10.9.0.1/24 dev \(bridge)
            ip link set \(bridge) up
            """)
        let server = try DHCPServer.dnsmasq.start(on: host, bridge: bridge)
        let run = host.directory.path
        let daemon = try RunningProgram(
            ["\(Executables.own)/dhcp", "daemon", "-socketpath", "\(run)/cni/dhcp.sock", "-statedir", "\(run)/state"],
            in: host.namespace)
        try daemon.wait(for: "listening")
        return [server, daemon]
    }

    private static func plugins(of list: JSONValue) -> [JSONObject] {
        list.object?["plugins"]?.array?.compactMap(\.object) ?? []
    }

    /// How many containers a network is tried with: addresses or a device that it names itself are one container's.
    private static func capacity(of list: JSONValue) -> Int {
        plugins(of: list).contains { $0["ipam"]?.object?["type"] == "static" || $0["type"] == "host-device" } ? 1 : 2
    }

    /// What a plugin makes for its network, and not for a container.
    private func lastingLinks(of plugin: JSONObject) -> [String] {
        let bridge = plugin["bridge"]?.string
        return switch plugin["type"] {
        case "flannel": ["cni0"]
        case "vxlan": [bridge ?? "cni0", "vxlan.\(plugin["vni"] ?? 1)"]
        default: [bridge].compactMap(\.self)
        }
    }

    @discardableResult
    private func cnitool(_ verb: String, _ network: String, _ namespace: String) throws -> String {
        // One of its own for each container, where the network leads ports.
        let port = 20_000 + (namespace.split(separator: "/").last.flatMap { Int($0) } ?? 0)
        let variables = [
            #"CAP_ARGS={"portMappings":[{"hostPort":\#(port),"containerPort":80,"protocol":"tcp"}]}"#,
            "NETCONFPATH=\(host.directory.path)/net.d", "CNI_PATH=\(Executables.own):\(Executables.reference)",
        ]
        let command = ["\(Executables.own)/cnitool", verb, network, namespace]
        return try host.namespace.output(of: "env", variables + host.launcher + command)
    }

    private func values(of member: String, in result: JSONValue) -> [String] {
        result.object?["ips"]?.array?.compactMap { $0.object?[member]?.string } ?? []
    }
}
