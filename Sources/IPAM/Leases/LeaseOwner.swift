/// Whom an address is leased to, in the words of a lease file.
public struct LeaseOwner: Hashable, Sendable {
    public let containerID: String
    /// Nil in leases of old versions of the reference, which hold for all of a container's interfaces.
    public let interfaceName: String?

    /// White space around the id is not part of it, as with the reference.
    public init(containerID: String, interfaceName: String?) {
        self.containerID = String(decoding: Array(containerID.utf8).trimmed, as: UTF8.self)
        self.interfaceName = interfaceName
    }

    /// Reads a lease file; nil for one without an owner, as a power loss leaves it.
    init?(contents: [UInt8]) {
        let text = contents.trimmed
        guard !text.isEmpty else { return nil }
        if let end = text.indices.dropLast().first(where: { text[$0] == 0x0d && text[$0 + 1] == 0x0a }) {
            containerID = String(decoding: text[..<end], as: UTF8.self)
            interfaceName = String(decoding: text[(end + 2)...], as: UTF8.self)
        } else {
            containerID = String(decoding: text, as: UTF8.self)
            interfaceName = nil
        }
    }

    /// The bytes of a lease file, the reference's to the letter.
    var contents: [UInt8] {
        Array((interfaceName.map { "\(containerID)\r\n\($0)" } ?? containerID).utf8)
    }

    /// The owner of what old versions leased to the whole container.
    var ofWholeContainer: LeaseOwner {
        LeaseOwner(containerID: containerID, interfaceName: nil)
    }
}

extension LeaseOwner: CustomStringConvertible {
    /// `c1 (eth0)`.
    public var description: String {
        interfaceName.map { "\(containerID) (\($0))" } ?? containerID
    }
}

extension [UInt8] {
    /// Without white space at either end, and without the zeros of a file whose bytes a power loss took.
    fileprivate var trimmed: ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0d ~= byte || byte == 0 }
        var rest = self[...]
        while let first = rest.first, isSpace(first) { rest.removeFirst() }
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest
    }
}
