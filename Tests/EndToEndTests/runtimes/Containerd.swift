import Foundation
import Testing

/// A containerd with its CRI plugin, on a host of its own.
struct Containerd: Sendable {
    struct Pod {
        var sandbox: String
        var container: String
        var addresses: [String]

        var address: String { addresses.first ?? "" }
    }

    let host: ContainerHost
    let runtime: CRIClient

    static let isAvailable = ContainerHost.canRun("containerd", "containerd-shim-runc-v2", "ctr", "runc")

    /// Runs `body` with a containerd that has `network` and the busybox image.
    static func run(
        network: PodNetwork, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (Containerd) async throws -> Void
    ) async throws {
        try await ContainerHost.run(network: network, sourceLocation: sourceLocation) { host in
            let containerd = Containerd(
                host: host,
                runtime: CRIClient(host: host, socket: host.directory.appending(path: "containerd.sock")))
            try await containerd.start()
            try await body(containerd)
        }
    }

    /// Makes a pod's sandbox and returns its identifier.
    func makeSandbox(_ name: String) async throws -> String {
        try await runtime.runPodSandbox(configuration(ofPod: name))
    }

    /// Starts a pod with one container that sleeps; its port 80 is also the host's of a number, where there is one.
    func startPod(_ name: String, hostPort: UInt64? = nil) async throws -> Pod {
        let configuration = configuration(ofPod: name, hostPort: hostPort)
        let sandbox = try await runtime.runPodSandbox(configuration)
        return Pod(
            sandbox: sandbox,
            container: try await runtime.runContainer(image: BusyboxImage.name, in: sandbox, of: configuration),
            addresses: try await runtime.addresses(ofSandbox: sandbox))
    }

    func remove(_ pod: Pod) async throws {
        try await runtime.stopPodSandbox(pod.sandbox)
        try await runtime.removePodSandbox(pod.sandbox)
    }

    /// Pings `address` from the pod until it answers.
    func ping(_ address: String, from pod: Pod) async throws {
        _ = try await runtime.execute(
            ["/bin/busybox", "sh", "-c", BusyboxImage.pingScript, address], in: pod.container)
    }

    /// Has the pod answer on port 80 with its name; returns once it listens.
    func serve(_ name: String, from pod: Pod) async throws {
        _ = try await runtime.execute(["/bin/busybox", "sh", "-c", BusyboxImage.serveScript, name], in: pod.container)
    }

    private func configuration(ofPod name: String, hostPort: UInt64? = nil) -> ProtobufMessage {
        let metadata: ProtobufMessage = [1: .string(name), 2: .string("\(name)-uid"), 3: "default"]
        let linux: ProtobufMessage = [1: .string(host.controlGroup)]
        guard let hostPort else { return [1: .message(metadata), 8: .message(linux)] }
        let mapping: ProtobufMessage = [2: .integer(80), 3: .integer(hostPort)]
        return [1: .message(metadata), 5: .message(mapping), 8: .message(linux)]
    }

    private func start() async throws {
        let configuration = host.directory.appending(path: "containerd.toml")
        try Data(self.configuration.utf8).write(to: configuration)
        let log = host.directory.appending(path: "containerd.log")
        try await host.run(
            "sh", "-c", #"setsid containerd --config "$1" > "$2" 2>&1 &"#, "sh", configuration.path, log.path)
        try await host.wait(for: "containerd") { try await runtime.isNetworkReady() }
        try await host.run(
            "ctr", "--address", runtime.socket.path, "--namespace", "k8s.io",
            "images", "import", "--snapshotter", "native", "-",
            input: try await BusyboxImage(on: host).archive())
    }

    private var configuration: String {
        """
        version = 2
        root = "\(host.directory.path)/containerd"
        state = "/run/containerd"
        disabled_plugins = [
          "io.containerd.internal.v1.tracing",
          "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs",
          "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.overlayfs",
          "io.containerd.snapshotter.v1.zfs",
          "io.containerd.tracing.processor.v1.otlp",
        ]

        [grpc]
          address = "\(runtime.socket.path)"

        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "\(BusyboxImage.name)"
          disable_apparmor = true
          restrict_oom_score_adj = true

        [plugins."io.containerd.grpc.v1.cri".cni]
          bin_dir = "\(host.pluginFolder.path)"
          conf_dir = "\(host.configurationFolder.path)"

        [plugins."io.containerd.grpc.v1.cri".containerd]
          snapshotter = "native"
        """
    }
}
