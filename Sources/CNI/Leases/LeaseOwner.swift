/// Whom an address is leased to, in the words of a lease file.
public struct LeaseOwner: Hashable, Sendable {
    public let containerID: String
    /// Nil in leases of old versions of the reference, which hold for all of a container's interfaces.
    public let interfaceName: String?

    public init(containerID: String, interfaceName: String?) {
        self.containerID = containerID
        self.interfaceName = interfaceName
    }

    /// Reads a lease file; nil for one without an owner, as a power loss leaves it.
    init?(contents: [UInt8]) {
        let text = String(decoding: contents, as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).map(Self.trimmed)
        guard let containerID = lines.first, !containerID.isEmpty, lines.count <= 2 else { return nil }
        self.containerID = containerID
        interfaceName = lines.count == 2 ? lines[1] : nil
    }

    /// The bytes of a lease file, the reference's to the letter.
    var contents: [UInt8] {
        let id = Self.trimmed(containerID[...])
        return Array((interfaceName.map { "\(id)\r\n\($0)" } ?? id).utf8)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
