import CLinux
import Glibc

/// The service manager that started this process, where it wants to hear of it: sd_notify(3).
public enum ServiceManager {
    /// Tells something, such as `READY=1`; without a service manager, or one that listens, nothing happens.
    public static func notify(_ state: String) {
        guard let path = ProcessEnvironment.value(of: "NOTIFY_SOCKET"), path.utf8.count > 1 else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < 108, name[0] == UInt8(ascii: "/") || name[0] == UInt8(ascii: "@") else { return }
        // One in the abstract namespace begins with a null character: unix(7).
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        guard let socket = try? FileDescriptor.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0) else { return }
        let length = socklen_t(2 + name.count)
        let bytes = Array(state.utf8)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe sendto(socket.rawValue, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
