import Addressing
import Attachments
import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// The ends on this host of the pairs that lead into containers: while one is there, its container's namespace lives.
struct HostInterfaces {
    private var byName: [String: Link] = [:]
    /// The names of those that carry the name of an attachment of the network.
    private(set) var byAttachment: [Attachment: String] = [:]

    /// - Throws: what keeps the interfaces from being listed.
    init(of network: String) throws(SystemError) {
        var host = try RouteSocket()
        for link in try host.links() {
            guard case .veth = link.kind else { continue }
            byName[link.name] = link
            if let attachment = link.alias.flatMap({ Attachment(alias: $0, network: network) }) {
                byAttachment[attachment] = link.name
            }
        }
    }

    /// The interface that leads into an attachment's container.
    ///
    /// - Parameters:
    ///   - attachment: whose alias or name it has, as this suite makes them.
    ///   - result: what ADD printed, which tells name and MAC address of one that the reference made.
    /// - Returns: its name; nil when there is none.
    func end(of attachment: Attachment, result: CNIResult?) -> String? {
        if let name = byAttachment[attachment] ?? byName[attachment.hostInterfaceName]?.name { return name }
        return result?.interfaces.first { told in
            guard (told.sandbox ?? "").isEmpty, let mac = told.mac.flatMap({ MACAddress($0) }) else { return false }
            return byName[told.name]?.mac == mac
        }?.name
    }
}
