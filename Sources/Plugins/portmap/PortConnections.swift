import Addressing
import Conntrack
import LinuxSystem
import PacketRules
import RouteNetlink

/// Connections that were begun when ports led elsewhere; what keeps them from being forgotten is no reason to fail, as they
/// end by themselves.
enum PortConnections {
    /// Lets clients that talk on reach the containers that ports lead to now.
    static func redirect(to ports: [PortForward]) {
        attempt(ports) { (socket) throws(SystemError) in
            var host = try RouteSocket()
            let own = try Set(host.addresses().map(\.address.address))
            try StaleConnections.forget(before: ports, hostAddresses: own, on: &socket)
        }
    }

    /// Lets clients that talk on hear that nobody is there, or reach whoever gets the port next.
    static func end(to ports: [PortForward]) {
        attempt(ports) { (socket) throws(SystemError) in
            try StaleConnections.forget(leadingTo: ports, on: &socket)
        }
    }

    private static func attempt(
        _ ports: [PortForward], _ body: (inout ConntrackSocket) throws(SystemError) -> Void
    ) {
        guard StaleConnections.canExist(for: ports) else { return }
        do throws(SystemError) {
            var socket = try ConntrackSocket()
            try body(&socket)
        } catch {
            StandardStreams.log("connections to UDP ports may lead to where they led before: \(error)")
        }
    }
}
