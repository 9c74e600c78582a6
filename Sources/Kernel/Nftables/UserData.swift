import LinuxSystem
import Netlink

/// What the kernel keeps with an object for nft(8): a type, a length and a value, each type once (`NFTNL_UDATA_…`).
enum UserData {
    /// The number of a comment on a table, chain, rule or element.
    private static let commentType: UInt8 = 0

    /// The numbers of what is kept with a set (`enum nftnl_udata_set_types`).
    private static let keyByteOrderType: UInt8 = 0
    private static let dataByteOrderType: UInt8 = 1
    private static let setCommentType: UInt8 = 7

    /// The longest comment that nft(8) reads, in bytes.
    private static let maximumLength = 128

    /// A comment with its null byte; what is beyond the longest is cut off.
    static func comment(_ text: String) -> [UInt8] {
        comment(text, as: commentType)
    }

    /// What nft(8) has to know of a set: without the byte orders it prints marks the wrong way round and names as nothing.
    static func set(_ set: NftablesSet) -> [UInt8] {
        var data = attribute(keyByteOrderType, set.keyType.byteOrder.rawValue.hostBytes)
        if case .values(let types) = set.dataType {
            data += attribute(dataByteOrderType, types.byteOrder.rawValue.hostBytes)
        }
        if let comment = set.comment { data += Self.comment(comment, as: setCommentType) }
        return data
    }

    private static func comment(_ text: String, as type: UInt8) -> [UInt8] {
        attribute(type, text.utf8.prefix(maximumLength) + [0])
    }

    private static func attribute(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(truncatingIfNeeded: value.count)] + value
    }

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
