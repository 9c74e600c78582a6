import Netlink

/// The hexadecimal digits of a text's bytes, with those of null bytes behind it.
func text(_ text: String, nulls: Int) -> String {
    (Array(text.utf8) + [UInt8](repeating: 0, count: nulls)).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
}

extension NetlinkMessage {
    /// The message's attributes, behind `struct nlmsghdr` and `struct nfgenmsg`.
    var attributes: [UInt8] {
        Array(bytes.dropFirst(20))
    }
}
