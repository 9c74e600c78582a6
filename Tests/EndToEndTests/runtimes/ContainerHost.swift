import Foundation
import TestSupport
import Testing

/// A host of its own for one container runtime: mount, network and process namespaces that end with the test.
///
/// The holder of the namespaces is their process 1 and waits on a socket from the test. Closing it, which the kernel
/// does should the test die, ends it, and the kernel then ends every process, mount and interface in there: daemons, shims
/// and containers alike. `/run`, `/var/lib` and `/etc/containers` are folders of ``directory`` in there.
struct ContainerHost: Sendable {
    struct Output: Sendable {
        var bytes: Data

        var text: String {
            String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Everything that test and runtime write.
    let directory: URL

    /// The parent of the containers' control groups, from the root of the hierarchy.
    let controlGroup: String

    /// The process whose namespaces the host is.
    private let holder: pid_t

    var pluginFolder: URL { directory.appending(path: "bin") }
    var configurationFolder: URL { directory.appending(path: "net.d") }
    var leaseFolder: URL { directory.appending(path: "leases") }
    var resultFolder: URL { directory.appending(path: "lib/cni/results") }

    /// Whether namespaces and control groups can be made, and every one of `tools` and every plugin is installed.
    static func canRun(_ tools: String...) -> Bool {
        let needed = tools + ["unshare", "nsenter", "timeout", "ip", "nft", "tar", "curl", "busybox"]
        guard needed.allSatisfy({ (try? findExecutable($0)) != nil }),
            let unshare = try? findExecutable("unshare")
        else { return false }
        // Root of a user namespace has none of its own.
        guard ControlGroup.hierarchies.contains(where: { FileManager.default.isWritableFile(atPath: $0.path) }) else {
            return false
        }
        let arguments = ["--mount", "--net", "--pid", "--fork", "true"]
        return (try? ChildProcess(unshare, arguments, environment: [:]))?.wait() == 0
    }

    /// Runs `body` with a host that has the plugins and `network` as its only network configuration.
    ///
    /// - Parameters:
    ///   - network: its subnets.
    ///   - sourceLocation: where a failure is reported.
    ///   - body: what to do with the host. What it throws is recorded, together with the host's log files.
    /// - Throws: if the host cannot be made, or does not go away again.
    static func run(
        network: PodNetwork, sourceLocation: SourceLocation, _ body: (ContainerHost) async throws -> Void
    ) async throws {
        let name = "cni-\(UUID().uuidString.prefix(8).lowercased())"
        let directory = FileManager.default.temporaryDirectory.appending(path: name)
        for folder in ["bin", "containers", "commands", "leases", "lib", "net.d", "run", "tmp"] {
            try FileManager.default.createDirectory(
                at: directory.appending(path: folder), withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(at: directory) }

        let holder = try makeHolder(of: directory)
        let host = ContainerHost(
            directory: directory, controlGroup: "/\(name)", holder: holder.process.identifier)
        do {
            try PluginFolder.fill(host.pluginFolder)
            try Data(network.configuration(on: host).utf8)
                .write(to: host.configurationFolder.appending(path: "10-pods.conflist"))
            try await host.wait(for: "the namespaces") {
                FileManager.default.fileExists(atPath: directory.appending(path: "ready").path)
            }
            try await body(host)
        } catch {
            Issue.record(error, Comment(rawValue: host.logs), sourceLocation: sourceLocation)
        }
        try holder.leash.close()
        _ = await holder.process.waitInBackground()
        // A task of its own: one that has run out of time cannot wait any more.
        try await Task { try await host.removeControlGroups() }.value
    }

    /// Runs a command on the host and returns its standard output.
    ///
    /// - Throws: ``CommandFailure`` if it does not succeed within its deadline of 30 seconds.
    @discardableResult
    func run(_ command: String..., input: Data = Data()) async throws -> Output {
        try await run(command, input: input)
    }

    /// Runs a command on the host and returns its standard output.
    ///
    /// Its streams are files: a daemon that it leaves behind cannot keep a pipe open and hold up the test.
    ///
    /// - Throws: ``CommandFailure`` if it does not succeed within its deadline of 30 seconds.
    func run(_ command: [String], input: Data = Data()) async throws -> Output {
        let streams = directory.appending(path: "commands/\(UUID().uuidString)")
        let files = ["in", "out", "err"].map { streams.appendingPathExtension($0) }
        try input.write(to: files[0])

        let process = try ChildProcess(
            Self.findExecutable("timeout"),
            ["--kill-after=2", "30", "nsenter", "--target", "\(holder)", "--mount", "--net"]
                + ["--pid=/proc/\(holder)/ns/pid_for_children", "--"] + command,
            environment: Self.environment(in: directory),
            input: .file(files[0]), output: .file(files[1]), error: .file(files[2]))
        let status = await process.waitInBackground()
        guard status == 0 else {
            let message = try String(contentsOf: files[2], encoding: .utf8)
            throw CommandFailure(description: "\(command.joined(separator: " ")): exit \(status): \(message)")
        }
        return Output(bytes: try Data(contentsOf: files[1]))
    }

    /// Returns what a web server says, asked by the host itself.
    func fetch(_ address: String, port: Int) async throws -> String {
        try await run(
            "curl", "--silent", "--show-error", "--fail", "--max-time", "5", "http://\(address):\(port)/"
        ).text
    }

    /// Returns once `condition` holds.
    ///
    /// - Throws: ``CommandFailure`` if it does not within 30 seconds.
    func wait(for what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                throw CommandFailure(description: "waited 30 seconds for \(what)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func makeHolder(of directory: URL) throws -> (process: ChildProcess, leash: FileHandle) {
        // Ignoring SIGCHLD, which survives exec, makes the kernel reap the orphans that process 1 inherits.
        let script = """
            set -eu
            mount --bind "$1/run" /run
            mount --bind "$1/lib" /var/lib
            if [ -d /etc/containers ]; then mount --bind "$1/containers" /etc/containers; fi
            mount -t tmpfs tmpfs /dev/shm
            ip link set lo up
            : > "$1/ready"
            trap '' CHLD
            exec cat
            """
        // A socket, because one can be made that no other child ever gets.
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        defer { close(ends[1]) }
        let leash = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        let process = try ChildProcess(
            findExecutable("unshare"),
            ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
                + ["sh", "-c", script, "sh", directory.path],
            environment: environment(in: directory),
            input: .descriptor(ends[1]), error: .file(directory.appending(path: "holder.log")))
        return (process, leash)
    }

    /// The ends of the log files, for a failure's report.
    private var logs: String {
        let files = try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "log" }
            .compactMap { try? String(contentsOf: $0, encoding: .utf8) }
            .flatMap { $0.split(separator: "\n").suffix(20) }
            .joined(separator: "\n")
    }

    /// Removes the control groups that the containers had; those outlive the namespaces.
    private func removeControlGroups() async throws {
        try await wait(for: "the control groups \(controlGroup) to be empty") { ControlGroup.remove(controlGroup) }
    }

    private static func findExecutable(_ name: String) throws -> URL {
        guard let path = Executables.find(name) else {
            throw CommandFailure(description: "\(name) is not installed")
        }
        return URL(filePath: path)
    }

    private static func environment(in directory: URL) -> [String: String] {
        [
            "PATH": Executables.folders.joined(separator: ":"),
            "HOME": directory.path,
            "TMPDIR": directory.appending(path: "tmp").path,
        ]
    }
}
