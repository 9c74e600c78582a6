import Foundation
import Testing

/// A podman whose network backend is CNI, on a host of its own.
struct Podman: Sendable {
    struct Container {
        var identifier: String
        var addresses: [String]

        var address: String { addresses.first ?? "" }
    }

    let host: ContainerHost

    static let isAvailable = ContainerHost.canRun("podman", "conmon", "runc")

    /// Runs `body` with a podman that has `network` and the busybox image.
    static func run(
        network: PodNetwork, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (Podman) async throws -> Void
    ) async throws {
        try await ContainerHost.run(network: network, sourceLocation: sourceLocation) { host in
            let podman = Podman(host: host)
            try await podman.configure()
            try await body(podman)
        }
    }

    /// Starts a container that sleeps, on a network or in one of podman's other ways.
    func start(_ options: String..., on network: String = PodNetwork.name) async throws -> Container {
        let identifier = try await run(
            ["run", "--detach", "--network", network, "--cgroup-parent", host.controlGroup] + options
                + [BusyboxImage.name, "/bin/busybox", "sleep", "1000000"]
        ).trimmingCharacters(in: .newlines)
        let networks = try JSONDecoder().decode(
            [String: Attachment]?.self,
            from: Data(try await run(["inspect", "--format", "{{json .NetworkSettings.Networks}}", identifier]).utf8))
        let attachment = networks?[network]
        return Container(
            identifier: identifier,
            addresses: [attachment?.IPAddress, attachment?.GlobalIPv6Address].compactMap { $0 }.filter { !$0.isEmpty })
    }

    func remove(_ container: Container) async throws {
        _ = try await run(["rm", "--force", "--time", "0", container.identifier])
    }

    /// Ends the container's processes and starts them afresh, with its network.
    func restart(_ container: Container) async throws {
        _ = try await run(["restart", "--time", "0", container.identifier])
    }

    /// Makes the running container's network afresh.
    func reloadNetwork(of container: Container) async throws {
        _ = try await run(["network", "reload", container.identifier])
    }

    /// Pings `address` from the container until it answers.
    func ping(_ address: String, from container: Container) async throws {
        try await execute("sh", "-c", BusyboxImage.pingScript, address, in: container)
    }

    /// Runs one of busybox's commands in the container, and returns what it printed.
    @discardableResult
    func execute(_ command: String..., in container: Container) async throws -> String {
        try await run(["exec", container.identifier, "/bin/busybox"] + command)
    }

    /// Has the container answer on port 80 with its name; returns once it listens.
    func serve(_ name: String, from container: Container) async throws {
        try await execute("sh", "-c", BusyboxImage.serveScript, name, in: container)
    }

    /// Makes a network with a configuration of podman's own.
    func createNetwork(_ name: String) async throws {
        _ = try await run(["network", "create", name])
    }

    func removeNetwork(_ name: String) async throws {
        _ = try await run(["network", "rm", name])
    }

    private struct Attachment: Decodable {
        var IPAddress: String?
        var GlobalIPv6Address: String?
    }

    private func run(_ arguments: [String], input: Data = Data()) async throws -> String {
        let configuration = host.directory.appending(path: "containers")
        let environment = [
            "CONTAINERS_CONF=\(configuration.path)/containers.conf",
            "CONTAINERS_STORAGE_CONF=\(configuration.path)/storage.conf",
        ]
        return try await host.run(["env"] + environment + ["podman"] + arguments, input: input).text
    }

    private func configure() async throws {
        let folder = host.directory.appending(path: "containers")
        let files = [
            "containers.conf": """
            [containers]
            apparmor_profile = "unconfined"

            [network]
            network_backend = "cni"
            cni_plugin_dirs = ["\(host.pluginFolder.path)"]
            network_config_dir = "\(host.configurationFolder.path)"

            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            lock_type = "file"
            runtime = "runc"
            """,
            "storage.conf": """
            [storage]
            driver = "vfs"
            graphroot = "\(host.directory.path)/storage"
            runroot = "/run/containers/storage"
            """,
            "policy.json": """
            {"default": [{"type": "insecureAcceptAnything"}]}
            """,
        ]
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        _ = try await run(["import", "-", BusyboxImage.name], input: try await BusyboxImage(on: host).layer)
    }
}
