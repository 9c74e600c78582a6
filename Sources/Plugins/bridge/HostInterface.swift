import Attachments
import CNI
import Hashing

/// The end of a pair on the host: what it is called, and how it says whose it is.
struct HostInterface {
    let attachment: Attachment

    /// `veth` and eight digits that follow from the attachment, so that DEL finds it without the container.
    var name: String {
        let key = "\(attachment.network) \(attachment.containerID) \(attachment.interfaceName)"
        return Self.vethName(key)
    }

    /// The port by which the host is in one VLAN of a bridge.
    static func gatewayPortName(bridge: String, vlan: UInt16) -> String {
        vethName("\(bridge) \(vlan)")
    }

    private static func vethName(_ key: String) -> String {
        "veth" + SHA512.hexadecimal(key, digits: 8)
    }

    /// What `ip link` shows beside it: `cni mynet 4f0c… eth0`, and the pod where the runtime tells it.
    func alias(pod: PodName? = nil) -> String {
        let alias = "\(prefix)\(attachment.interfaceName)"
        let withPod = pod.map { "\(alias) \($0)" } ?? alias
        return withPod.utf8.count <= Self.aliasLimit
            ? withPod : String(decoding: alias.utf8.prefix(Self.aliasLimit), as: UTF8.self)
    }

    /// Whether a link with this alias is the attachment's.
    func owns(alias: String?) -> Bool {
        guard let alias else { return false }
        let own = self.alias()
        return alias == own || alias.hasPrefix(own + " ")
    }

    private var prefix: String { "cni \(attachment.network) \(attachment.containerID) " }

    /// `IFALIASZ` in the kernel's if.h, without the null byte.
    private static let aliasLimit = 255

    /// Reads an alias of this network; nil for others, and for one that was too long to be kept whole.
    init?(alias: String, network: String) {
        guard alias.utf8.count < Self.aliasLimit else { return nil }
        let words = alias.split(separator: " ").map(String.init)
        guard words.count >= 4, words[0] == "cni", words[1] == network else { return nil }
        self.init(attachment: Attachment(network: network, containerID: words[2], interfaceName: words[3]))
    }

    init(attachment: Attachment) {
        self.attachment = attachment
    }
}

extension Invocation {
    var hostInterface: HostInterface {
        HostInterface(attachment: attachment)
    }
}
