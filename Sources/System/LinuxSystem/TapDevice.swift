import CLinux
import Glibc

/// An interface whose other end is a program: linux/if_tun.h.
public enum TapDevice {
    /// What a new one is like.
    public struct Options: Sendable {
        /// Whether several descriptors can be open for it at once.
        public var hasSeveralQueues: Bool
        /// The user who may open it beside root; nil for anybody who may open `/dev/net/tun`.
        public var owner: UInt32?
        /// Likewise the group.
        public var group: UInt32?

        public init(hasSeveralQueues: Bool = false, owner: UInt32? = nil, group: UInt32? = nil) {
            self.hasSeveralQueues = hasSeveralQueues
            self.owner = owner
            self.group = group
        }
    }

    private static let path = "/dev/net/tun"

    /// Makes one in the calling thread's namespace, which stays when this process ends, still down.
    ///
    /// - Throws: `EBUSY` when an interface has the name; `ENOENT` and `ENODEV` where the kernel has no taps.
    public static func make(_ name: String, _ options: Options) throws(SystemError) {
        guard name.utf8.count < Int(IFNAMSIZ) else { throw SystemError("create tap", name, .invalidArgument) }
        let device = try FileDescriptor.open(path, O_RDWR)
        let descriptor = device.rawValue
        var interface = unsafe ifreq()
        unsafe withUnsafeMutableBytes(of: &interface.ifr_ifrn.ifrn_name) { unsafe $0.copyBytes(from: name.utf8) }
        let queues = options.hasSeveralQueues ? IFF_MULTI_QUEUE : 0
        let flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL | queues
        unsafe interface.ifr_ifru.ifru_flags = Int16(truncatingIfNeeded: flags)
        _ = try retrying("create tap", name) { unsafe ioctl(descriptor, UInt(tunnel_set_interface), &interface) }
        for (request, value) in [(tunnel_set_owner, options.owner), (tunnel_set_group, options.group)] {
            guard let value else { continue }
            _ = try retrying("set owner of tap", name) { ioctl(descriptor, UInt(request), CInt(bitPattern: value)) }
        }
        // Until now it would have ended with its descriptor.
        _ = try retrying("keep tap", name) { ioctl(descriptor, UInt(tunnel_set_persistent), CInt(1)) }
    }

    /// Sees that the kernel has taps, and that this process may make them.
    ///
    /// - Throws: the error of open(2).
    public static func requireSupport() throws(SystemError) {
        _ = try FileDescriptor.open(path, O_RDWR)
    }
}
