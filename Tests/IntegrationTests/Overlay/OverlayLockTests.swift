import Glibc
import LinuxSystem
import Overlay
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct OverlayLockTests {
    private func isFree(_ host: TestHost) throws -> Bool {
        let path = "/proc/sys/net/ipv4/tcp_fastopen_key"
        return try host.namespace.run { () throws(SystemError) in
            try Subprocess.run("/usr/bin/flock", ["-n", path, "true"], environment: []).ending == .exited(0)
        }
    }

    @Test func isOnNothingThatTheUnprivilegedCanOpen() throws {
        let host = try TestHost()
        _ = try host.namespace.run { () throws(SystemError) in try OverlayLock() }
        let locked = try host.namespace.shell(
            """
            for path in /proc/self/ns/net /proc/sys/net/ipv4/tcp_fastopen_key; do
                setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all flock -n $path true \
                    2>/dev/null && echo $path
            done; true
            """)
        #expect(locked == "/proc/self/ns/net\n")
    }

    @Test func doesNotWaitForWhoeverHoldsTheNamespaceItself() throws {
        let host = try TestHost()
        try host.namespace.run { () throws(SystemError) in
            let path = "/proc/thread-self/ns/net"
            let stranger = try FileLock(.open(path, O_RDONLY), path: path, timeout: 0)
            _ = try OverlayLock()
            _ = consume stranger
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
