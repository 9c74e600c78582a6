import Foundation
import LinuxSystem
import Synchronization
import TestSupport

extension NetworkNamespace {
    /// The elements of all maps, sorted, as nft(8) prints them.
    borrowing func elements() throws -> [String] {
        try ruleset().matches(of: /elements = \{([^}]*)\}/).flatMap { match in
            match.1.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        }.sorted()
    }

    /// The names of all chains, sorted.
    borrowing func chains() throws -> [String] {
        try ruleset().matches(of: /chain (\S+) \{/).map { String($0.1) }.sorted()
    }

    /// Runs a body on several threads at once, each of them inside the namespace, and returns what they threw.
    borrowing func concurrently(
        _ threads: Int, _ body: @escaping @Sendable (Int) throws(SystemError) -> Void
    ) throws -> [SystemError] {
        let path = "/proc/\(getpid())/fd/\(descriptor.rawValue)"
        let errors = Mutex<[SystemError]>([])
        let ended = DispatchSemaphore(value: 0)
        for index in 0..<threads {
            Thread {
                do throws(SystemError) {
                    let namespace = try NetworkNamespace(path: path)
                    try namespace.run { () throws(SystemError) in try body(index) }
                } catch {
                    errors.withLock { $0.append(error) }
                }
                ended.signal()
            }.start()
        }
        for _ in 0..<threads { ended.wait() }
        return errors.withLock { $0 }
    }
}
