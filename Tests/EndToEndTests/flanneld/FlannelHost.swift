import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// A host with a flannel daemon, and a container by the plugin `flannel`.
final class FlannelHost: Sendable {
    let host: TestHost
    let container: TestContainer
    let address: String
    private let arguments: [String]
    private let daemon = Locked<Running?>(nil)

    /// Whether there is a daemon: it needs packages, and so is built only when asked for.
    static let isAvailable =
        TestEtcd.isAvailable && Executables.canCreateNamespaces && Executables.flanneld != nil

    private struct Running {
        let process: ChildProcess
        let log: LineReader
    }

    init(at address: String, _ arguments: [String]) throws {
        host = try TestHost()
        container = try TestContainer()
        self.address = address
        self.arguments = arguments
    }

    deinit { stop(SIGKILL) }

    /// What the daemon has said since it was started.
    var log: LineReader {
        get throws { try #require(daemon.get()?.log) }
    }

    /// Starts the daemon.
    ///
    /// - Parameters:
    ///   - more: flags.
    ///   - variables: in its environment.
    ///   - isReady: whether to wait until it says that it is.
    /// - Throws: with what it said when it does not get ready.
    func start(_ more: String..., variables: [String: String] = [:], waiting isReady: Bool = true) throws {
        try start(more, variables: variables, waiting: isReady)
    }

    func start(_ more: [String], variables: [String: String] = [:], waiting isReady: Bool = true) throws {
        let log = try LineReader()
        let words =
            ["--net=\(host.namespace.path)"] + host.launcher + [try #require(Executables.flanneld)] + arguments + more
        let process = try ChildProcess(
            URL(filePath: Executables.find("nsenter") ?? ""), words,
            environment: ["PATH": Executables.folders.joined(separator: ":")].merging(variables) { $1 },
            error: .descriptor(log.writingEnd))
        daemon.set(Running(process: process, log: log))
        if isReady { try log.wait(for: "flanneld is ready") }
    }

    /// Ends the daemon.
    ///
    /// - Returns: its exit status, or 128 and the signal.
    @discardableResult
    func stop(_ signal: CInt = SIGTERM) -> CInt {
        guard let running = daemon.take() else { return -1 }
        kill(running.process.identifier, signal)
        return running.process.wait()
    }

    /// Waits until the daemon ends by itself.
    func waitForEnd() -> CInt {
        daemon.take().map { $0.process.wait() } ?? -1
    }

    var pid: pid_t { daemon.get()?.process.identifier ?? 0 }

    /// What `/healthz` and its neighbours say.
    func ask(_ path: String) throws -> String {
        try host.namespace.output(of: "curl", ["-s", "http://127.0.0.1:8285\(path)"])
    }

    /// A value of `subnet.env`.
    func value(_ name: String) -> String? {
        host.directory.contents("flannel/subnet.env")?.split(separator: "\n").first { $0.hasPrefix("\(name)=") }
            .map { String($0.dropFirst(name.count + 1)) }
    }

    /// This host's subnet, as `10.244.5.0/24`.
    var subnet: String {
        value("FLANNEL_SUBNET").map { "\($0.split(separator: ".").dropLast().joined(separator: ".")).0/24" } ?? "none"
    }

    /// The lease's name.
    var leaseName: String { subnet.replacing("/", with: "-") }

    /// The address of the device in the overlay.
    var deviceAddress: String { String(subnet.prefix { $0 != "/" }) }

    /// Attaches the container.
    ///
    /// - Returns: its address.
    func attach() throws -> String {
        var call = PluginCall(
            "flannel",
            [
                "cniVersion": "1.0.0", "name": "cbr0", "type": "flannel", "dataDir": "/run/flannel-cni",
                "delegate": ["isDefaultGateway": true], "ipam": ["dataDir": "/run/leases"],
            ], in: container)
        call.launcher = host.launcher
        let added = try call.run("ADD", on: host)
        guard added.succeeded else { throw CommandFailure(description: added.output + added.errorOutput) }
        return try #require(added.hosts.first)
    }

    func mac() throws -> String { try host.namespace.mac(of: "flannel.1") }

    /// The routes to other hosts.
    func routes() throws -> [String] {
        try host.run("ip", "route", "show", "proto", "193").split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    /// Waits until the daemon has made what leads to a number of other hosts.
    func wait(forHosts count: Int) throws { try log.wait(for: "hosts that are routed to: \(count)") }
}
