package import Foundation

/// A process that goes on while the test does, with three descriptors and no other.
///
/// Foundation's `Process` leaves one more open in the child and waits until nobody has it: a daemon that the child leaves
/// behind has it as well, and the wait never ends.
package struct ChildProcess: Sendable {
    /// What a standard stream of the child is.
    package enum Stream {
        case nothing
        case file(URL)
        case descriptor(CInt)
    }

    package let identifier: pid_t

    package init(
        _ executable: URL, _ arguments: [String], environment: [String: String],
        input: Stream = .nothing, output: Stream = .nothing, error: Stream = .nothing
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, stream) in zip(CInt(0)..., [input, output, error]) {
            let flags = descriptor == 0 ? O_RDONLY : O_WRONLY
            switch stream {
            case .nothing:
                posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", flags, 0)
            case .file(let file):
                posix_spawn_file_actions_addopen(&actions, descriptor, file.path, flags | O_CREAT, 0o600)
            case .descriptor(let source):
                posix_spawn_file_actions_adddup2(&actions, source, descriptor)
            }
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = CInt(name), descriptor > 2 {
                posix_spawn_file_actions_addclose(&actions, descriptor)
            }
        }

        // A thread of Dispatch has every signal blocked, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETSIGMASK))

        let words = ([executable.path] + arguments).map { strdup($0) }
        let variables = environment.map { strdup("\($0)=\($1)") }
        defer { (words + variables).forEach { free($0) } }
        var identifier: pid_t = 0
        let code = posix_spawn(&identifier, executable.path, &actions, &attributes, words + [nil], variables + [nil])
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
        self.identifier = identifier
    }

    /// Blocks until the process ends, and returns its exit status, or 128 and the number of the signal that ended it.
    package func wait() -> CInt {
        var status: CInt = 0
        while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }

    /// Waits as ``wait()`` does, on a thread of its own.
    package func waitInBackground() async -> CInt {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: wait()) }
        }
    }
}
