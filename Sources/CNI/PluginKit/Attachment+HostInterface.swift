package import Attachments
package import CNI
import Hashing

/// What an attachment's interface on the host is called, and how it says whose it is.
extension Attachment {
    /// `veth` and eight digits that follow from the attachment, so that DEL finds it without the container.
    package var hostInterfaceName: String {
        Self.hostInterfaceName("\(network) \(containerID) \(interfaceName)")
    }

    /// A name of the same form for something else than an attachment, by what tells that from others.
    package static func hostInterfaceName(_ key: String) -> String {
        "veth" + SHA512.hexadecimal(key, digits: 8)
    }

    /// What `ip link` shows beside it: `cni mynet 4f0c… eth0`, and the pod where the runtime tells it.
    package func alias(pod: PodName? = nil) -> String {
        let alias = "cni \(network) \(containerID) \(interfaceName)"
        let withPod = pod.map { "\(alias) \($0)" } ?? alias
        return withPod.utf8.count <= Self.aliasLimit
            ? withPod : String(decoding: alias.utf8.prefix(Self.aliasLimit), as: UTF8.self)
    }

    /// Whether a link with this alias is the attachment's.
    package func owns(alias: String?) -> Bool {
        guard let alias else { return false }
        let own = self.alias()
        return alias == own || alias.hasPrefix(own + " ")
    }

    /// What the kernel takes: `IFALIASZ` in its if.h, less one, and less the null byte that netlink counts as well.
    private static let aliasLimit = 254

    /// Reads an alias of a network; nil for others, and for one that was too long to be kept whole.
    package init?(alias: String, network: String) {
        guard alias.utf8.count < Self.aliasLimit else { return nil }
        let words = alias.split(separator: " ").map(String.init)
        guard words.count >= 4, words[0] == "cni", words[1] == network else { return nil }
        self.init(network: network, containerID: words[2], interfaceName: words[3])
    }
}
