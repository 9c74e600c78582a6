/// What the kernel takes as the name of an interface, `dev_valid_name`: 15 bytes, no `/`, no `:`, no white space.
///
/// A null character would end the name before its time, and in `eth%d` the kernel puts a number.
public enum InterfaceName {
    /// Why a name will not do.
    public enum Fault: String, Sendable {
        case empty = "interface name is empty"
        case tooLong = "interface name is too long"
        case dots = "interface name is . or .."
        case letters = "interface name contains / or : or whitespace characters"
        case changed = "interface name contains % or a null character"
    }

    /// What is wrong with a name; nil for one that will do.
    public static func fault(of name: String) -> Fault? {
        if name.isEmpty { return .empty }
        if name.utf8.count > 15 { return .tooLong }
        if name == "." || name == ".." { return .dots }
        // The kernel looks at bytes, and takes that of a no-break space in Latin-1 for white space wherever it stands.
        if name.unicodeScalars.contains(where: { $0 == "/" || $0 == ":" || $0.properties.isWhitespace })
            || name.utf8.contains(0xa0)
        {
            return .letters
        }
        return name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "%") } ? .changed : nil
    }
}

extension InterfaceName.Fault: CustomStringConvertible {
    public var description: String { rawValue }
}
