import Glibc
import JSON
import LinuxSystem

/// A namespace that plays a host, and where its leases are.
struct Host: ~Copyable {
    let namespace: NetworkNamespace
    let leases: String

    init(_ name: String) throws {
        leases = "/tmp/cni-bench.\(getpid()).\(name)"
        try File.makeDirectory(leases, mode: 0o700)
        namespace = try NetworkNamespace.make()
    }

    deinit {
        _ = try? Subprocess.run("/bin/rm", ["-rf", leases], environment: [])
    }
}

/// A container, and the calls about its one interface.
struct Container: ~Copyable {
    private let namespace: NetworkNamespace
    private let id: String

    init(id: String) throws {
        self.id = id
        namespace = try NetworkNamespace.make()
    }

    /// What `CNI_NETNS` gets.
    var path: String { "/proc/\(getpid())/fd/\(namespace.descriptor.rawValue)" }

    /// Runs a verb of a plugin on a host, and a body while it runs.
    ///
    /// - Throws: what the plugin printed when it failed.
    borrowing func call(
        _ command: String, _ plugin: String, in folder: String, on host: borrowing NetworkNamespace,
        _ configuration: [UInt8], meanwhile body: () -> Void = {}
    ) throws {
        let environment = environment(command, folder)
        let child = try host.run { () throws(SystemError) in
            try Subprocess.run(
                "\(folder)/\(plugin)", environment: environment, input: configuration, meanwhile: body)
        }
        guard child.ending == .exited(0) else {
            fail("\(folder)/\(plugin) \(command): \(String(decoding: child.output, as: UTF8.self))")
        }
    }

    private borrowing func environment(_ command: String, _ folder: String) -> [String] {
        [
            "CNI_COMMAND=\(command)", "CNI_CONTAINERID=\(id)", "CNI_IFNAME=eth0", "CNI_PATH=\(folder)",
            "CNI_NETNS=\(path)", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        ]
    }
}
