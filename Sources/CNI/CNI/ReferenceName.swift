/// Names that the reference derives from an attachment, by which its leavings are found.
public enum ReferenceName {
    /// The iptables chain with a container's masquerade rules: `CNI-` and 24 digits.
    public static func masqueradeChain(network: String, containerID: String) -> String {
        "CNI-" + SHA512.hexadecimal(network + containerID, digits: 24)
    }

    /// How the comments of an attachment's rules in the `cni_plugins_masquerade` table begin.
    public static func masqueradeComment(network: String, attachment: Attachment) -> String {
        let owner = SHA512.hexadecimal("\(attachment.interfaceName):\(attachment.containerID)", digits: 16)
        return masqueradeComment(network: network) + owner
    }

    /// How the comments of all rules of a network in that table begin.
    public static func masqueradeComment(network: String) -> String {
        SHA512.hexadecimal(network, digits: 16) + "-"
    }

    /// The comment of an attachment's spoof check, in table `nat` of family `bridge`.
    public static func spoofCheckComment(_ attachment: Attachment) -> String {
        "macspoofchk-\(attachment.containerID)-\(attachment.interfaceName)"
    }

    /// The chain that an attachment's spoof check leads to; a second one has the same name with `-mac` behind it.
    public static func spoofCheckChain(_ attachment: Attachment) -> String {
        "cni-br-iface-\(attachment.containerID)-\(attachment.interfaceName)"
    }
}
