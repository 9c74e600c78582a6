import JSON
import LinuxSystem
import Synchronization
import TestSupport

/// A host with a bridge `br0` that has 10.9.0.1/24, where servers may serve, and a daemon.
final class DHCPNetwork: Sendable {
    let host: TestHost
    let socketPath: String
    let stateDirectory: String
    /// The daemon's executable, of this suite or of the reference.
    private let directory: String
    /// Calls know their paths alone.
    private let containers = Mutex<[TestContainer]>([])

    init(daemonOf directory: String = Executables.own) throws {
        self.directory = directory
        host = try TestHost()
        socketPath = "\(host.directory.path)/dhcp.sock"
        stateDirectory = "\(host.directory.path)/state"
        try host.namespace.shell(
            """
            ip link add br0 type bridge
            ip address add 10.9.0.1/24 dev br0
            ip link set br0 up
            """)
    }

    /// Starts a daemon, and waits until it listens.
    func startDaemon(_ options: String...) throws -> RunningProgram {
        let isOwn = directory != Executables.reference
        let daemon = try RunningProgram(
            ["\(directory)/dhcp", "daemon", "-socketpath", socketPath]
                + (isOwn ? ["-statedir", stateDirectory] : []) + options,
            in: host.namespace)
        // The reference's says nothing.
        if isOwn { try daemon.wait(for: "listening") } else { try host.waitForSocket(socketPath) }
        return daemon
    }

    /// Gives a container an interface on the bridge, still down.
    func connect(_ container: TestContainer, _ interface: String = "eth0") throws {
        try host.run(
            "ip", "link", "add", "v\(UInt32.random(in: 0 ... .max))", "up", "master", "br0", "type", "veth", "peer",
            "name",
            interface, "netns", container.path)
    }

    /// A container with an interface on the bridge.
    func container() throws -> TestContainer {
        let container = try TestContainer()
        try connect(container)
        containers.withLock { $0.append(container) }
        return container
    }

    func configuration(_ version: String = "1.1.0", ipam more: JSONObject = [:]) -> JSONObject {
        var ipam: JSONObject = ["type": "dhcp", "daemonSocketPath": .string(socketPath)]
        for member in more.members { ipam[member.name] = member.value }
        return ["cniVersion": .string(version), "name": "net1", "type": "bridge", "ipam": .object(ipam)]
    }

    /// A call of the plugin, as one that made the interface calls it.
    func call(
        _ container: TestContainer?, id: String = "cid1", version: String = "1.1.0", ipam more: JSONObject = [:]
    ) -> PluginCall {
        var call = PluginCall("dhcp", .object(configuration(version, ipam: more)), in: container)
        call.containerID = id
        return call
    }

    /// The leases that are kept.
    var keptLeases: [String] { host.directory.names(in: "state").filter { $0.hasSuffix(".json") } }
}

extension TestHost {
    /// Waits until there is a socket at a path of its folder.
    fileprivate func waitForSocket(_ path: String) throws {
        try run("timeout", "30", "sh", "-c", "until [ -S '\(path)' ]; do sleep 0.02; done")
    }
}

extension RunningProgram {
    /// Waits until a server has said something of an address.
    func wait(for text: String, of address: String) throws {
        while try !wait(for: text).contains(address) {}
    }
}
