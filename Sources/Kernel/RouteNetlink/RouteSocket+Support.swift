import Addressing
package import LinuxSystem
import Netlink

extension RouteSocket {
    /// Sees that the kernel would make a link of a kind for this process.
    ///
    /// - Throws: `EOPNOTSUPP` where it has no such kind; `EPERM` without the privilege.
    package mutating func requireCreatable(_ options: some LinkOptions) throws(SystemError) {
        var request = NewLink(name: "cni-status")
        // A group's address is what the kernel looks at last before it would make the link, and refuses; of a kind that
        // takes its address from another link it refuses that there is no such link.
        request.mac = MACAddress("01:00:5e:00:00:01")
        do throws(SystemError) {
            try perform(.create(request, options))
        } catch  where error.code == .addressNotAvailable || error.code == .invalidArgument {}
    }
}
