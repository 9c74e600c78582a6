import JSON
import LinuxSystem

/// Whether the VXLAN device leaves checksums to the link below.
enum ChecksumPolicy: String, JSONReadable {
    case auto, on, off

    init(reading reader: JSONReader) throws(JSONError) {
        guard let policy = reader.value.string.flatMap(ChecksumPolicy.init(rawValue:)) else {
            throw reader.expected("\"auto\", \"on\" or \"off\"")
        }
        self = policy
    }

    /// What the device is set to; nil leaves it to the administrator.
    var setting: Bool? {
        switch self {
        case .on: true
        case .off: false
        case .auto:
            KernelRelease.running.map(\.spoilsChecksums) == true ? false : nil
        }
    }
}

/// A version of Linux.
struct KernelRelease: Hashable {
    let major: Int
    let minor: Int
    let patch: Int

    /// Reads the beginning of a text such as `5.4.0-42-generic`.
    init?(_ text: String) {
        let numbers = text.split(separator: ".", maxSplits: 2).map { part in Int(part.prefix(while: \.isNumber)) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// The one that this host runs.
    static var running: KernelRelease? {
        (try? Sysctl.value(of: "kernel/osrelease")).flatMap(KernelRelease.init)
    }

    /// Whether packets that were translated and then encapsulated leave with a wrong outer checksum.
    ///
    /// Mended in Linux 5.7, and in 5.6.13, 5.4.41, 4.19.123 and 4.14.181.
    var spoilsChecksums: Bool {
        let mended = [(5, 6, 13), (5, 4, 41), (4, 19, 123), (4, 14, 181)].first { ($0.0, $0.1) == (major, minor) }
        return if let mended { patch < mended.2 } else { (major, minor) < (5, 6) }
    }
}
