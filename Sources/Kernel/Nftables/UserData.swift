import LinuxSystem
import Netlink

/// What the kernel keeps with an object for nft(8): a type, a length and a value, each type once (`NFTNL_UDATA_…`).
enum UserData {
    /// The number of a comment on a table, chain, rule or element; a map's would be another.
    private static let commentType: UInt8 = 0

    /// The longest comment that nft(8) reads, in bytes.
    private static let maximumLength = 128

    /// A comment with its null byte; what is beyond the longest is cut off.
    static func comment(_ text: String) -> [UInt8] {
        let bytes = text.utf8.prefix(maximumLength)
        return [commentType, UInt8(bytes.count + 1)] + bytes + [0]
    }

    /// Of a set or map: its keys are in the host's byte order (`NFTNL_UDATA_SET_KEYBYTEORDER`, nft's `enum byteorder`).
    static let hostByteOrderKeys: [UInt8] = [0, 4, 1, 0, 0, 0]

    /// The comment among what is kept with an object.
    static func comment(in data: Span<UInt8>) throws(SystemError) -> String? {
        var position = 0
        while data.count - position >= 2 {
            let length = Int(data[position + 1])
            guard length <= data.count - position - 2 else { return nil }
            if data[position] == commentType { return data.extracting(position + 2..<position + 2 + length).string }
            position += 2 + length
        }
        return nil
    }
}
