import CLinux

/// The number of a qdisc, `1:`, or of a class in it, `1:30`, by which filters and what is in it name it: tc(8).
package struct TrafficHandle: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package init(_ major: UInt16, _ minor: UInt16 = 0) {
        rawValue = UInt32(major) << 16 | UInt32(minor)
    }

    static let none = TrafficHandle(rawValue: 0)
    /// Where what leaves a device is queued.
    package static let root = TrafficHandle(rawValue: TC_H_ROOT)
    /// Where what arrives at a device passes.
    package static let ingress = TrafficHandle(rawValue: TC_H_INGRESS)
}

extension TrafficHandle: CustomStringConvertible {
    /// As tc(8) writes it: in hexadecimal digits, and without a minor number of 0.
    package var description: String {
        let (major, minor) = (rawValue >> 16, rawValue & 0xffff)
        return "\(String(major, radix: 16)):\(minor == 0 ? "" : String(minor, radix: 16))"
    }
}
