import CLinux
import Glibc

/// Whether an interface leaves the checksums of what it transmits to hardware, or to the interface below it.
///
/// Names are those of interfaces in the calling thread's namespace: `linux/ethtool.h`.
public enum ChecksumOffload {
    /// `ethtool -k NAME`, the line `tx-checksumming`.
    ///
    /// - Throws: `ENODEV` when there is no such interface.
    public static func isOn(_ name: String) throws(SystemError) -> Bool {
        try request(UInt32(ETHTOOL_GTXCSUM), 0, name) != 0
    }

    /// `ethtool -K NAME tx on`, or `off`, which takes segmentation offload along.
    public static func set(_ name: String, on isOn: Bool) throws(SystemError) {
        _ = try request(UInt32(ETHTOOL_STXCSUM), isOn ? 1 : 0, name)
    }

    private static func request(_ command: UInt32, _ data: UInt32, _ name: String) throws(SystemError) -> UInt32 {
        guard name.utf8.count < Int(IFNAMSIZ) else { throw SystemError("find link", name, .invalidArgument) }
        let socket = try FileDescriptor.socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        let descriptor = socket.rawValue
        var value = ethtool_value(cmd: command, data: data)
        var interface = unsafe ifreq()
        unsafe withUnsafeMutableBytes(of: &interface.ifr_ifrn.ifrn_name) { unsafe $0.copyBytes(from: name.utf8) }
        _ = try retrying("set checksum offload of", name) {
            unsafe withUnsafeMutablePointer(to: &value) { pointer in
                unsafe interface.ifr_ifru.ifru_data = UnsafeMutableRawPointer(pointer)
                    .assumingMemoryBound(to: CChar.self)
                return unsafe ioctl(descriptor, UInt(SIOCETHTOOL), &interface)
            }
        }
        return value.data
    }
}
