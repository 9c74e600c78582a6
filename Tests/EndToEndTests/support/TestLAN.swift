import TestSupport

/// The network that hosts and other machines are on, as a switch joins them.
struct TestLAN: Sendable {
    private let wire: TestContainer

    init() throws {
        wire = try TestContainer()
        try wire.namespace.shell("ip link add lan type bridge mcast_snooping 0 && ip link set lan up")
    }

    /// Connects a machine by an interface, with addresses of this network.
    private func connect(_ path: String, as interface: String, _ addresses: [String]) throws {
        try wire.run(
            "ip", "link", "add", "port\(UInt32.random(in: 0 ... .max))", "up", "master", "lan", "type", "veth", "peer",
            "name", interface, "netns", path)
        try wire.run(
            "nsenter", "--net=\(path)", "sh", "-euc",
            "ip link set \(interface) up\n"
                + addresses.map { "ip address add \($0) dev \(interface)\($0.contains(":") ? " nodad" : "")\n" }
                .joined())
    }

    /// Connects a machine that is a container to the tests.
    func machine(_ addresses: String...) throws -> TestContainer {
        let machine = try TestContainer()
        try connect(machine.path, as: "eth0", addresses)
        return machine
    }

    /// Connects a host by its `eth1`.
    func connect(_ host: TestHost, _ addresses: String...) throws {
        try connect(host.namespace.path, as: "eth1", addresses)
    }
}
