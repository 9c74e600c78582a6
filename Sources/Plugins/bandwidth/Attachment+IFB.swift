import Attachments
import Hashing
import LinuxSystem
import PluginKit
import RouteNetlink

/// The device that a container's traffic is led through.
extension Attachment {
    /// The reference's name for it, which is the same for all interfaces of a container in a network.
    private var sharedIFBName: String { Self.ifbName(network + containerID) }

    /// The name where another interface of the container has that one.
    private var furtherIFBName: String { Self.ifbName("\(network) \(containerID) \(interfaceName)") }

    private static func ifbName(_ key: String) -> String { "bwp" + SHA512.hexadecimal(key, digits: 12) }

    /// The devices that are this attachment's: by their alias, or by the name alone where the reference made it.
    func ownIFBs(on host: inout RouteSocket) throws(SystemError) -> [Link] {
        var links: [Link] = []
        for name in [sharedIFBName, furtherIFBName] {
            guard let link = try host.link(named: name), link.isIFB else { continue }
            if owns(alias: link.alias) || name == sharedIFBName && (link.alias ?? "").isEmpty { links.append(link) }
        }
        return links
    }

    /// A name that no link has; where both are taken, the kernel will say so.
    func freeIFBName(on host: inout RouteSocket) throws(SystemError) -> String {
        try host.link(named: sharedIFBName) == nil ? sharedIFBName : furtherIFBName
    }
}
