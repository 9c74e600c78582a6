import Addressing
import LinuxSystem
import Overlay
import Probing

extension VXLANOverlay {
    /// Asks the devices of all peers for an echo, with packets as large as the overlay's may be.
    ///
    /// The packets leave by this host's device, except to subnets that are routed without encapsulation.
    ///
    /// - Parameter timeout: milliseconds, for all together.
    /// - Returns: for each peer, by its address on the underlay, the echo of its device's address in each subnet; none in
    ///   a segment, where devices have no addresses.
    /// - Throws: what the kernel refused while waiting.
    func probe(timeout: Int) throws(SystemError) -> [IPAddress: [Echo]] {
        let pairs = peers.flatMap { peer in
            peer.subnets.map { subnet in
                let interface = isDirect(subnet, of: peer) ? nil : device.name
                return (endpoint: peer.endpoint, target: EchoProbe.Target(address: subnet.first, interface: interface))
            }
        }
        let probe = try EchoProbe(pairs.map(\.target), packetSize: Int(device.mtu), timeout: timeout)
        return Dictionary(grouping: zip(pairs, probe.echoes), by: \.0.endpoint).mapValues { $0.map(\.1) }
    }
}
