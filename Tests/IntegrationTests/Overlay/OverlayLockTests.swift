import LinuxSystem
import Overlay
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct OverlayLockTests {
    private func isFree(_ host: TestHost) throws -> Bool {
        let path = "/proc/self/ns/net"
        return try host.namespace.run { () throws(SystemError) in
            try Subprocess.run("/usr/bin/flock", ["-n", path, "true"], environment: []).ending == .exited(0)
        }
    }

    @Test func keepsOthersOutOfItsNamespaceUntilItsHolderEnds() throws {
        let host = try TestHost()
        let other = try TestHost()
        do {
            let lock = try host.namespace.run { () throws(SystemError) in try OverlayLock() }
            #expect(try !isFree(host))
            #expect(try isFree(other))
            _ = consume lock
        }
        #expect(try isFree(host))
    }
}
