import TestSupport

/// A neighbour of a host's in both families, which notes who asks it for an echo.
struct TestRouter {
    /// The host's addresses towards it, and its own.
    static let hostAddresses = ["192.0.2.1", "2001:db8::1"]
    static let addresses = ["192.0.2.9", "2001:db8::9"]

    let machine: TestContainer

    /// Joins a router to a host; it has a route back to these networks, and no other gets an answer.
    init(beside host: TestHost, knowing networks: [String] = []) throws {
        machine = try TestContainer()
        try host.run("ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", machine.path)
        for (near, far) in zip(Self.hostAddresses, Self.addresses) {
            let length = near.contains(":") ? 64 : 24
            try host.run("ip", "address", "add", "\(near)/\(length)", "dev", "uplink", "nodad")
            try machine.run("ip", "address", "add", "\(far)/\(length)", "dev", "eth0", "nodad")
        }
        try host.run("ip", "link", "set", "uplink", "up")
        try machine.run("ip", "link", "set", "eth0", "up")
        for network in networks {
            try machine.run("ip", "route", "add", network, "via", Self.hostAddresses[network.contains(":") ? 1 : 0])
        }
        try machine.namespace.noteEchoSources()
    }

    /// Who has asked for an echo, sorted.
    func sources() throws -> [String] { try machine.namespace.echoSources() }
}
