/// Names that the reference derives from an attachment, by which its leavings are found.
public enum ReferenceName {
    /// The iptables chain with a container's masquerade rules: `CNI-` and 24 digits.
    public static func masqueradeChain(network: String, containerID: String) -> String {
        "CNI-" + SHA512.hexadecimal(network + containerID, digits: 24)
    }

    /// How the comments of an attachment's rules in the `cni_plugins_masquerade` table begin.
    public static func masqueradeComment(network: String, attachment: Attachment) -> String {
        let owner = SHA512.hexadecimal("\(attachment.interfaceName):\(attachment.containerID)", digits: 16)
        return "\(SHA512.hexadecimal(network, digits: 16))-\(owner)"
    }
}
