import LinuxSystem
import RouteNetlink

/// Another program that keeps an interface's addresses and routes as it was told.
struct InterfaceKeeper: CustomStringConvertible {
    let description: String

    /// Asks the programs that say so in files; nil for none, and where none of them runs.
    init?(of link: Link) {
        let index = link.index.rawValue
        if Self.file("/run/systemd/netif/links/\(index)", says: ["ADMIN_STATE=configured", "ADMIN_STATE=configuring"]) {
            description = "systemd-networkd"
        } else if Self.file("/run/NetworkManager/devices/\(index)", says: ["managed=true", "managed=user"]) {
            description = "NetworkManager"
        } else {
            return nil
        }
    }

    private static func file(_ path: String, says lines: Set<String>) -> Bool {
        guard let bytes = try? File.read(path, limit: 1 << 16) else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { lines.contains(String($0)) }
    }

    /// Whether an interface is of IEEE 802.11, whose access points take no frames of other MAC addresses.
    static func isWireless(_ link: Link) -> Bool {
        ["wireless", "phy80211"].contains { (try? FileStatus(path: "/sys/class/net/\(link.name)/\($0)")) != nil }
    }
}
