import Addressing
import CLinux
package import Netlink

extension NetlinkRequest {
    /// `ip neigh replace ADDRESS lladdr MAC`, `bridge fdb replace MAC dst ADDRESS self permanent`.
    ///
    /// The forwarding entry of all zeros may lead to many hosts, so there it is `bridge fdb append`. What is there
    /// already is no error.
    package static func replace(_ entry: Neighbor) -> NetlinkRequest {
        let isOneOfMany = entry.table == .forwarding && entry.mac.isZero
        let message = entry.message(type: RTM_NEWNEIGH, flags: [.create, isOneOfMany ? .append : .replace])
        return NetlinkRequest(message, "set \(entry.table.word)", describing: entry)
    }

    /// `ip neigh del ADDRESS`, `bridge fdb del MAC dst ADDRESS self`; `ENOENT` when there is none.
    package static func delete(_ entry: Neighbor) -> NetlinkRequest {
        NetlinkRequest(entry.message(type: RTM_DELNEIGH, flags: []), "delete \(entry.table.word)", describing: entry)
    }
}

extension Neighbor: CustomStringConvertible {
    /// As ip-neighbour(8) and bridge(8) print it, the device aside.
    package var description: String {
        switch table {
        case .neighbors: return "\(address) lladdr \(mac)"
        case .forwarding:
            var words = ["\(mac) dst \(address)"]
            if let port { words.append("port \(port)") }
            if let id { words.append("vni \(id)") }
            return words.joined(separator: " ")
        }
    }
}

extension Neighbor.Table {
    /// What errors call an entry.
    fileprivate var word: String {
        switch self {
        case .neighbors: "neighbor"
        case .forwarding: "forwarding entry"
        }
    }
}
