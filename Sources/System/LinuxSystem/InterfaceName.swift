/// What the kernel takes as the name of an interface, `dev_valid_name`: 15 bytes, no `/`, no `:`, no white space.
public enum InterfaceName {
    /// Why a name will not do.
    public enum Fault: String, Sendable {
        case empty = "interface name is empty"
        case tooLong = "interface name is too long"
        case dots = "interface name is . or .."
        case letters = "interface name contains / or : or whitespace characters"
    }

    /// What is wrong with a name; nil for one that will do.
    public static func fault(of name: String) -> Fault? {
        if name.isEmpty { return .empty }
        if name.utf8.count > 15 { return .tooLong }
        if name == "." || name == ".." { return .dots }
        let isRefused = name.unicodeScalars.contains { $0 == "/" || $0 == ":" || $0.properties.isWhitespace }
        return isRefused ? .letters : nil
    }
}

extension InterfaceName.Fault: CustomStringConvertible {
    public var description: String { rawValue }
}
