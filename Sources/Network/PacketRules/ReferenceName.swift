import Attachments
import Hashing

/// Names that the reference derives from an attachment, by which its leavings are found.
///
/// The reference, here and wherever the sources speak of it, is the suite of CNI plugins in Go that most hosts have, and
/// whose formats, chains and files this one shares: <https://github.com/containernetworking/plugins>.
enum ReferenceName {
    /// The iptables chain with a container's masquerade rules: `CNI-` and 24 digits.
    static func masqueradeChain(_ attachment: Attachment) -> String {
        "CNI-" + SHA512.hexadecimal(attachment.network + attachment.containerID, digits: 24)
    }

    /// The iptables chain with the ports that lead to a container: `CNI-DN-` and 21 digits.
    static func portChain(_ attachment: Attachment) -> String {
        "CNI-DN-" + portDigits(attachment)
    }

    /// The iptables chain by which old releases masqueraded what came to a container's ports.
    static func portMasqueradeChain(_ attachment: Attachment) -> String {
        "CNI-SN-" + portDigits(attachment)
    }

    private static func portDigits(_ attachment: Attachment) -> String {
        SHA512.hexadecimal(attachment.network + attachment.containerID, digits: 21)
    }

    /// How the comments of the rules begin that lead to a network's chains of ports.
    static func portComment(network: String) -> String {
        #"dnat name: "\#(network)" id: "#
    }

    /// How the comments of an attachment's rules in the `cni_plugins_masquerade` table begin.
    static func masqueradeComment(_ attachment: Attachment) -> String {
        let owner = SHA512.hexadecimal("\(attachment.interfaceName):\(attachment.containerID)", digits: 16)
        return masqueradeComment(network: attachment.network) + owner
    }

    /// How the comments of all rules of a network in that table begin.
    static func masqueradeComment(network: String) -> String {
        SHA512.hexadecimal(network, digits: 16) + "-"
    }

    /// The comment of an attachment's spoof check, in table `nat` of family `bridge`.
    static func spoofCheckComment(_ attachment: Attachment) -> String {
        "macspoofchk-\(attachment.containerID)-\(attachment.interfaceName)"
    }

    /// The chain that an attachment's spoof check leads to; a second one has the same name with `-mac` behind it.
    static func spoofCheckChain(_ attachment: Attachment) -> String {
        "cni-br-iface-\(attachment.containerID)-\(attachment.interfaceName)"
    }
}
