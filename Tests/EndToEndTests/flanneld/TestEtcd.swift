import Foundation
import JSON
import LinuxSystem
import TestSupport

/// An etcd of Debian's, on a host of its own.
final class TestEtcd: Sendable {
    /// Whether `Tests/unpack` was run for it.
    static let isAvailable = File.isRegular("\(folder)/etcdctl")

    /// Where its programs are.
    static let folder = Repository.path(".build/unpacked/etcd/usr/bin")

    /// A member of a cluster, with its host.
    let host: TestHost
    let address: String
    private let scheme: String
    private let arguments: [String]
    private let process = Locked<ChildProcess?>(nil)

    /// - Parameters:
    ///   - host: where it runs.
    ///   - address: of that host.
    ///   - name: what the others call it.
    ///   - members: of the cluster, as `name=http://address:2380`; itself where there are none.
    ///   - scheme: `https` for a server with the certificates that `makeCertificates` makes.
    ///   - asksForCertificates: whether clients have to have one then.
    init(
        on host: TestHost, at address: String, name: String = "default", members: [String] = [],
        scheme: String = "http", asksForCertificates: Bool = true
    ) {
        self.host = host
        self.address = address
        self.scheme = scheme
        let peers = members.isEmpty ? ["\(name)=http://\(address):2380"] : members
        arguments =
            [
                "--name", name, "--data-dir", "\(host.directory.path)/etcd", "--log-level", "error",
                "--listen-client-urls", "\(scheme)://\(address):2379,http://127.0.0.1:2379",
                "--advertise-client-urls", "\(scheme)://\(address):2379",
                "--listen-peer-urls", "http://\(address):2380", "--initial-advertise-peer-urls",
                "http://\(address):2380", "--initial-cluster", peers.joined(separator: ","),
                "--heartbeat-interval", "50", "--election-timeout", "500",
            ]
            + (scheme == "http"
                ? []
                : [
                    "--cert-file", "\(host.directory.path)/server.crt", "--key-file",
                    "\(host.directory.path)/server.key",
                ]
                    + (asksForCertificates
                        ? ["--client-cert-auth", "--trusted-ca-file", "\(host.directory.path)/ca.crt"] : []))
    }

    /// Where clients find it.
    var endpoint: String { "\(scheme)://\(address):2379" }

    /// Makes an authority, and certificates of the server and of a client, in the host's folder.
    func makeCertificates() throws {
        try host.namespace.shell(
            """
            cd '\(host.directory.path)'
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority \
                -keyout ca.key -out ca.crt 2>&1
            printf 'subjectAltName=IP:\(address),IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >extensions
            for name in server client; do
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj / -keyout $name.key -out $name.csr 2>&1
                openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
                    -extfile extensions -out $name.crt 2>&1
            done
            """)
    }

    /// Starts it, and waits until it answers.
    ///
    /// - Parameter isAlone: whether it has nobody to wait for.
    /// - Throws: when it does not answer.
    func start(waiting isAlone: Bool = true) throws {
        let words = ["nsenter", "--net=\(host.namespace.path)", "\(Self.folder)/etcd"] + arguments
        let child = try ChildProcess(
            URL(filePath: Executables.find("nsenter") ?? ""), Array(words.dropFirst()),
            environment: ["PATH": "/usr/bin:/bin"], error: .file(URL(filePath: "\(host.directory.path)/etcd.log")))
        process.set(child)
        if isAlone { try waitUntilHealthy() }
    }

    func waitUntilHealthy() throws {
        // curl tries again until the port is open.
        try host.namespace.shell(
            "curl -fsS --retry 100 --retry-delay 0 --retry-max-time 60 --retry-all-errors -o /dev/null "
                + "http://127.0.0.1:2379/health")
    }

    /// Ends it as a crash does; its data stay.
    func stop() {
        guard let child = process.take() else { return }
        kill(child.identifier, SIGKILL)
        _ = child.wait()
    }

    deinit { stop() }

    /// Runs etcdctl(1) on the host.
    @discardableResult
    func ctl(_ arguments: String...) throws -> String { try ctl(arguments) }

    @discardableResult
    func ctl(_ arguments: [String]) throws -> String {
        try host.namespace.output(
            of: "env",
            ["ETCDCTL_API=3", "\(Self.folder)/etcdctl", "--endpoints", "http://127.0.0.1:2379"]
                + arguments)
    }

    /// The leases, by their names.
    func leases() throws -> [String: JSONValue] {
        let lines = try ctl("get", "--prefix", "/coreos.com/network/subnets/").split(separator: "\n").map(String.init)
        var leases: [String: JSONValue] = [:]
        for index in stride(from: 0, to: lines.count - 1, by: 2) {
            let name = lines[index].split(separator: "/").last.map(String.init) ?? ""
            leases[name] = try JSONValue(parsing: lines[index + 1])
        }
        return leases
    }
}

/// A value that several threads use.
final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func get() -> Value { lock.withLock { value } }

    func set(_ new: Value) { lock.withLock { value = new } }
}

extension Locked {
    /// Takes what is there, and leaves nothing.
    func take<Wrapped>() -> Wrapped? where Value == Wrapped? {
        lock.withLock {
            defer { value = nil }
            return value
        }
    }
}
