import LinuxSystem
import Synchronization
import UDPTunnel

/// Has the tunnel of this process, which stays as long as nothing else is wanted of it.
final class TunnelKeeper: Sendable {
    private let kept = Mutex<Kept?>(nil)

    private struct Kept {
        let tunnel: Tunnel
        let settings: Tunnel.Settings
    }

    /// The tunnel of some settings, which is made where there is none that works.
    ///
    /// - Parameters:
    ///   - settings: what is wanted.
    ///   - isThere: whether there is a device of the name.
    /// - Returns: a tunnel that works.
    /// - Throws: `EBUSY` when the device is another program's, `EADDRINUSE` when the port is; what else was refused.
    func ensure(_ settings: Tunnel.Settings, isThere: Bool) throws(SystemError) -> Tunnel {
        try kept.withLock { kept throws(SystemError) in
            if isThere, let kept, kept.settings == settings, kept.tunnel.failure == nil { return kept.tunnel }
            kept?.tunnel.stop()
            kept = nil
            let tunnel = try Tunnel(settings)
            kept = Kept(tunnel: tunnel, settings: settings)
            return tunnel
        }
    }

    /// What has become of packets; nil where there is no tunnel.
    var counts: TunnelCounts? { kept.withLock { $0?.tunnel.counts } }
}
