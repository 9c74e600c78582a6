import Addressing
import LinuxSystem
import RouteNetlink

extension RouteSocket {
    /// Waits until addresses of a link can be used: with duplicate address detection, until it has come to its end
    /// (RFC 4862, section 5.4), and without it for the moment that the kernel takes, which is seconds on a busy host.
    ///
    /// - Parameters:
    ///   - addresses: those that matter.
    ///   - link: in this socket's namespace.
    ///   - milliseconds: until the deadline.
    ///   - openMonitor: listens to IPv6 addresses of this socket's namespace.
    /// - Throws: `EADDRINUSE` with the address that another interface has; `ETIMEDOUT` when the deadline passes.
    mutating func waitUntilUsable(
        _ addresses: [InterfaceAddress], on link: Link, milliseconds: Int,
        _ openMonitor: () throws(SystemError) -> RouteMonitor
    ) throws(SystemError) {
        guard try tentative(addresses, on: link) != nil else { return }
        let deadline = MonotonicClock.milliseconds + milliseconds
        var monitor = try openMonitor()
        // Once more, for what happened before the monitor listened.
        while let address = try tentative(addresses, on: link) {
            guard try monitor.wait(milliseconds: deadline - MonotonicClock.milliseconds) else {
                throw SystemError(
                    "add address", "\(address) to \(link.name)", .timedOut,
                    explanation: "duplicate address detection takes longer than \(milliseconds) ms")
            }
        }
    }

    /// The first that cannot be used yet.
    ///
    /// - Throws: `EADDRINUSE` with one that never can.
    private mutating func tentative(
        _ addresses: [InterfaceAddress], on link: Link
    ) throws(SystemError) -> InterfaceAddress? {
        let assigned = try assignedAddresses(of: link.index).filter { addresses.contains($0.address) }
        if let duplicate = assigned.first(where: \.isDuplicate) {
            throw SystemError(
                "add address", "\(duplicate.address) to \(link.name)", .addressInUse,
                explanation: "duplicate address detection found it elsewhere on the link")
        }
        return assigned.first(where: \.isTentative)?.address
    }
}
