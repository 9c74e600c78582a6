import Addressing
import LinuxSystem
import RouteNetlink

extension RouteSocket {
    /// Waits until a link's addresses can be used: with duplicate address detection, until it has come to its end
    /// (RFC 4862, section 5.4), and without it for the moment that the kernel takes, which is seconds on a busy host.
    ///
    /// - Parameters:
    ///   - link: in this socket's namespace.
    ///   - milliseconds: until the deadline.
    ///   - openMonitor: listens to IPv6 addresses of this socket's namespace.
    /// - Throws: `EADDRINUSE` with the address that another interface has; `ETIMEDOUT` when the deadline passes.
    mutating func waitUntilAddressesAreUsable(
        on link: Link, milliseconds: Int, _ openMonitor: () throws(SystemError) -> RouteMonitor
    ) throws(SystemError) {
        guard try tentativeAddress(on: link) != nil else { return }
        let deadline = MonotonicClock.milliseconds + milliseconds
        var monitor = try openMonitor()
        // Once more, for what happened before the monitor listened.
        while let address = try tentativeAddress(on: link) {
            guard try monitor.wait(milliseconds: deadline - MonotonicClock.milliseconds) else {
                throw SystemError(
                    "add address", "\(address) to \(link.name)", .timedOut,
                    explanation: "duplicate address detection takes longer than \(milliseconds) ms")
            }
        }
    }

    /// An address that cannot be used yet.
    ///
    /// - Throws: `EADDRINUSE` with one that never can.
    private mutating func tentativeAddress(on link: Link) throws(SystemError) -> InterfaceAddress? {
        let addresses = try assignedAddresses(of: link.index).filter { !$0.address.address.isLinkLocal }
        if let duplicate = addresses.first(where: \.isDuplicate) {
            throw SystemError(
                "add address", "\(duplicate.address) to \(link.name)", .addressInUse,
                explanation: "duplicate address detection found it elsewhere on the link")
        }
        return addresses.first(where: \.isTentative)?.address
    }
}
