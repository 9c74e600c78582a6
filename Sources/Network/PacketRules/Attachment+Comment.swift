import Attachments
import Hashing

/// An attachment as the ruleset of nf_tables shows it.
extension Attachment {
    /// What the ruleset shows of the owner, and what it is known by: `net1 3f1c… eth0`.
    ///
    /// Each part is abbreviated for itself, so that together they fit into the 128 bytes of a comment.
    var comment: String {
        let container = Self.abbreviated(containerID, to: 64)
        let interface = Self.abbreviated(interfaceName, to: 17)
        return "\(abbreviatedNetwork) \(container) \(interface)"
    }

    /// Whose something is by its comment, in words.
    static func owner(inComment comment: String?) -> String {
        let words = (comment ?? "").split(separator: " ")
        guard words.count == 3 else { return "somebody without a name" }
        return "container \(words[1]) (\(words[2])) of network \"\(words[0])\""
    }

    /// A condition on comments: those of a network's attachments, but for some.
    static func isStale(inNetwork network: String, except valid: Set<Attachment>) -> (String) -> Bool {
        let valid = Set(valid.map(\.comment))
        let beginning = abbreviatedNetwork(network) + " "
        return { $0.hasPrefix(beginning) && !valid.contains($0) }
    }

    var abbreviatedNetwork: String {
        Self.abbreviatedNetwork(network)
    }

    static func abbreviatedNetwork(_ network: String) -> String {
        abbreviated(network, to: 45)
    }

    /// A name as it is, if it is short enough and plain; else its beginning, a slash, and a hash of all of it.
    ///
    /// A slash can be neither in the name of a network, a container or an interface, nor break what nft(8) reads.
    static func abbreviated(_ name: String, to limit: Int) -> String {
        if name.utf8.count <= limit, name.utf8.allSatisfy(isPlain) { return name }
        let beginning = name.utf8.prefix(limit - 17).prefix(while: isPlain)
        return "\(String(decoding: beginning, as: UTF8.self))/\(FNV1a.hexadecimal(name))"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
