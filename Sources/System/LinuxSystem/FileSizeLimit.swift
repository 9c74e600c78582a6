import Glibc

/// How large a process may make a file: `RLIMIT_FSIZE`, `ulimit -f`.
public enum FileSizeLimit {
    /// Lets a call that goes beyond it fail with `EFBIG` instead of ending the process, for the rest of its life.
    public static func failCalls() {
        signal(SIGXFSZ, SIG_IGN)
    }
}
