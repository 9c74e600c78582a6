import Foundation
import LinuxSystem
import TestSupport

/// A Docker of Debian's on a host with a flannel daemon, started with what `mk-docker-opts` wrote there.
///
/// It has process and mount namespaces of its own, which end with it, and its containers with them.
final class DockerHost {
    private static let folder = Repository.path(".build/unpacked/docker/usr")

    /// Whether `Tests/unpack` was run for it, and it can start here.
    static let isAvailable =
        FlannelHost.isAvailable && File.isRegular("\(folder)/sbin/dockerd")
        && ContainerHost.canRun("containerd", "containerd-shim-runc-v2", "runc", "iptables")

    let host: FlannelHost
    private let process: ChildProcess
    private let log: LineReader
    private let group = "/cni-\(UUID().uuidString.prefix(8).lowercased())"
    private var directory: TemporaryDirectory { host.host.directory }

    /// Starts it, and waits until it answers.
    init(on host: FlannelHost) throws {
        self.host = host
        try host.host.namespace.output(
            of: host.host.launcher[0], Array(host.host.launcher.dropFirst()) + ["\(Executables.own)/mk-docker-opts"])
        log = try LineReader()
        let script = """
            . /run/docker_opts.env
            exec dockerd $DOCKER_OPTS --storage-driver vfs --cgroup-parent \(group) --exec-opt native.cgroupdriver=cgroupfs
            """
        let namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        let words = ["--net=\(host.host.namespace.path)"] + namespaces + host.host.launcher + ["sh", "-euc", script]
        process = try ChildProcess(
            URL(filePath: Executables.find("nsenter") ?? ""), words, environment: Self.environment,
            error: .descriptor(log.writingEnd))
        try log.wait(for: "API listen on")
    }

    deinit {
        kill(process.identifier, SIGKILL)
        _ = process.wait()
        // Those of containers that were removed are gone.
        _ = ControlGroup.remove(group)
    }

    private static var environment: [String: String] {
        [
            "PATH": (["\(folder)/bin", "\(folder)/sbin"] + Executables.folders).joined(separator: ":"),
            "LD_LIBRARY_PATH": "\(folder)/../lib/x86_64-linux-gnu",
        ]
    }

    /// Runs docker(1).
    @discardableResult
    func docker(_ arguments: String...) throws -> String {
        let outcome = try ThisMachine().outcome(
            of: ["\(Self.folder)/bin/docker", "-H", "unix://\(directory.path)/docker.sock"] + arguments,
            ["DOCKER_CONFIG": directory.path], input: [])
        guard outcome.succeeded else {
            throw CommandFailure(description: "docker \(arguments): \(outcome.output)\(outcome.errorOutput)")
        }
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Makes an image of a static busybox: nothing has to be fetched.
    func makeImage() throws {
        try host.host.namespace.shell(
            """
            cd '\(directory.path)'
            mkdir -p image/bin
            cp -L "$(command -v busybox)" image/bin/busybox
            tar --create --file image.tar --directory image bin
            """)
        try docker("import", "\(directory.path)/image.tar", "busybox:test")
    }

    /// Starts a container that sleeps.
    ///
    /// - Returns: its address.
    func startContainer() throws -> String {
        try docker("run", "--detach", "--name", "sleeper", "busybox:test", "/bin/busybox", "sleep", "1000000")
        return try docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "sleeper")
    }

    /// Runs a script in the container.
    ///
    /// - Parameters:
    ///   - script: for the shell of busybox.
    ///   - argument: its `$0`.
    /// - Returns: what it printed.
    /// - Throws: what it said when it failed.
    @discardableResult
    func run(_ script: String, _ argument: String = "sh") throws -> String {
        try docker("exec", "sleeper", "/bin/busybox", "sh", "-c", script, argument)
    }
}
