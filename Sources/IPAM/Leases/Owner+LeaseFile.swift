import Attachments

/// A lease file: whom an address is leased to.
extension Owner {
    /// Reads a lease file; nil for one without an owner, as a power loss leaves it.
    ///
    /// White space around the words is not part of them, as with the reference.
    init?(leaseFile contents: [UInt8]) {
        let text = contents.trimmed
        guard !text.isEmpty else { return nil }
        if let end = text.indices.dropLast().first(where: { text[$0] == 0x0d && text[$0 + 1] == 0x0a }) {
            self.init(
                containerID: String(decoding: text[..<end], as: UTF8.self),
                interfaceName: String(decoding: text[(end + 2)...], as: UTF8.self))
        } else {
            self.init(containerID: String(decoding: text, as: UTF8.self), interfaceName: nil)
        }
    }

    /// The bytes of a lease file, the reference's to the letter.
    var leaseFile: [UInt8] {
        Array((interfaceName.map { "\(containerID)\r\n\($0)" } ?? containerID).utf8)
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
