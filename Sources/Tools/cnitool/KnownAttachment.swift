import Addressing
import Attachments
import CNIRuntime
import LinuxSystem

/// An attachment of a network as this host shows it, by a result in the cache, a lease or an interface.
struct KnownAttachment {
    let owner: Owner
    /// What ADD was asked, where a result is kept of it.
    var request: AttachmentRequest?
    /// Where its namespace was when it was attached; nil when nothing tells.
    var namespacePath: String?
    var addresses: [IPAddress] = []
    /// The interface on the host that leads into its container.
    var hostInterface: String?

    init(_ owner: Owner) {
        self.owner = owner
    }

    /// What gc does about it, unless it is to take everything.
    enum Fate {
        /// cnitool made it, and its namespace has ended.
        case over(AttachmentRequest, reason: String)
        case stays(reason: String)
    }

    /// The one place where something is found to be over.
    ///
    /// That cnitool made it shows in the container's id, which follows from the path of its namespace. What is to be
    /// deleted has no path any more: whatever is there by then is not to be touched.
    func fate(in network: String) -> Fate {
        guard let path = namespacePath, owner.containerID == ContainerNamespace.containerID(of: path),
            let attachment = owner.attachment(to: network)
        else { return .stays(reason: "cnitool did not attach it\(namespaceText)") }
        do throws(SystemError) {
            if try ContainerNamespace.openIfPresent(path) != nil { return .stays(reason: "\(path) is there") }
        } catch {
            return .stays(reason: "\(error)")
        }
        if let hostInterface { return .stays(reason: "\(hostInterface) leads into its namespace") }
        var deletion = request ?? AttachmentRequest(attachment, namespacePath: "")
        deletion.namespacePath = ""
        return .over(deletion, reason: "\(path) is gone")
    }

    private var namespaceText: String {
        guard let namespacePath else { return "" }
        do throws(SystemError) {
            let isThere = try ContainerNamespace.openIfPresent(namespacePath) != nil
            return "; its namespace \(namespacePath) is \(isThere ? "there" : "gone")"
        } catch {
            return ""
        }
    }
}

extension KnownAttachment: CustomStringConvertible {
    /// `cnitool-0123456789abcdef0123 eth0 10.22.0.2`.
    var description: String {
        ([owner.containerID, owner.interfaceName ?? "-"] + addresses.map { "\($0)" }).joined(separator: " ").printable
    }
}
