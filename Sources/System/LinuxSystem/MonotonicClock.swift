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

/// Time since the machine started, in which it sleeps as well: what leases of others are measured by.
public enum BootClock {
    public static var milliseconds: Int {
        var now = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}
