import CLinux
import Glibc

/// Time since the machine started, for deadlines and durations.
public enum MonotonicClock {
    public static var milliseconds: Int { nanoseconds / 1_000_000 }

    public static var nanoseconds: Int {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000_000_000 + now.tv_nsec
    }
}
