import CNI
import JSON
import Leases
import LinuxSystem

/// Where the leases are: all that DEL, CHECK and GC need, so that they work when the ranges no longer do.
struct StoreConfiguration {
    let network: String
    let dataDirectory: String
    /// Milliseconds.
    let lockTimeout: Int
    let ipam: JSONReader

    private static let defaultLockTimeoutSeconds: UInt16 = 10

    /// - Throws: code 7 without an `ipam` object, or with a directory that is none.
    init(_ configuration: NetworkConfiguration) throws {
        let ipam = try configuration.ipam()
        network = configuration.name
        self.ipam = ipam
        let written = try ipam.optionalNonemptyPath("dataDir")
        dataDirectory = written ?? LeaseStore.defaultRoot
        // A bad number is ADD's to complain about.
        let seconds = (try? Self.lockTimeoutSeconds(ipam)) ?? Self.defaultLockTimeoutSeconds
        lockTimeout = Int(seconds) * 1000
    }

    static func lockTimeoutSeconds(_ ipam: JSONReader) throws(JSONError) -> UInt16 {
        try ipam.optional("lockTimeoutSeconds") ?? defaultLockTimeoutSeconds
    }

    /// Opens the store, takes its lock, and does something with it.
    ///
    /// - Throws: code 5 with the path of what the kernel refused, 11 when somebody keeps the lock or a signal ends the wait for it; else what the body
    ///   throws.
    func withStore<Value>(_ body: (inout LeaseStore) throws -> Value) throws -> Value {
        do {
            var store = try LeaseStore(network: network, root: dataDirectory, lockTimeout: lockTimeout)
            return try body(&store)
        } catch let error as SystemError {
            let mayComeLater = [.timedOut, .interrupted].contains(error.code)
            throw CNIError(mayComeLater ? .tryAgainLater : .inputOutput, "\(error)")
        }
    }
}

extension JSONReader {
    /// Reads a path, where the empty string means none.
    func optionalNonemptyPath(_ name: String) throws(JSONError) -> String? {
        try optionalPath(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
