import CLinux
import LinuxSystem
import Netlink

/// How much may pass: `rate` in the long run, and `burst` at once after a pause.
package struct TokenBucket: Hashable, Sendable {
    /// Bytes a second, at least 1.
    package let rate: UInt64
    /// Bytes.
    package let burst: UInt32

    package init(rate: UInt64, burst: UInt32) {
        self.rate = max(rate, 1)
        self.burst = burst
    }

    /// Bytes that may pass or wait: the burst, and what passes in a time.
    package func limit(milliseconds: UInt64) -> UInt32 {
        let (waiting, isTooMuch) = rate.multipliedReportingOverflow(by: milliseconds)
        return isTooMuch ? .max : UInt32(clamping: waiting / 1000 + UInt64(burst))
    }

    /// What the burst takes at the rate, in the 64 nanoseconds that the kernel counts in (`PSCHED_SHIFT`).
    ///
    /// Of long ones whole microseconds count, as they do for other programs, which compare exactly.
    var ticks: UInt64 {
        let nanoseconds = UInt64(burst) * 1_000_000_000 / rate
        let microseconds = nanoseconds / 1000
        return microseconds < 1000 ? nanoseconds / 64 : microseconds * 1000 / 64
    }

    /// Whether this is what the kernel tells of.
    ///
    /// It tells of ticks in 32 bits, the rest cut off, which it has counted in a multiplication with 31 bits of precision and
    /// others a little differently.
    package func isTold(by other: Told) -> Bool {
        let difference = Int32(bitPattern: UInt32(truncatingIfNeeded: ticks) &- other.ticks)
        let tolerance = 16 + min(ticks, UInt64(UInt32.max)) / 1000 + ticks >> 30
        return rate == other.rate && difference.magnitude <= tolerance
    }

    /// What the kernel tells of a bucket.
    package struct Told: Hashable, Sendable {
        /// Bytes a second.
        package let rate: UInt64
        let ticks: UInt32
    }

    /// `struct tc_ratespec` of the rate, for frames of Ethernet; more than 32 bits are told beside it.
    func appendRate(to message: inout NetlinkMessage) {
        message.append(field: UInt8(0))
        message.append(field: UInt8(TC_LINKLAYER_ETHERNET.rawValue))
        message.append(field: UInt16(0))
        message.append(field: UInt32(0))
        message.append(field: UInt32(clamping: rate))
    }

    /// `sizeof(struct tc_ratespec)`, the rate's 32 bits last.
    static let rateLength = 12
    static let rateOffset = 8
}
