/// Variables as a shell has them that reads a file of assignments.
struct ShellVariables {
    private(set) var values: [String: String] = [:]

    /// - Parameters:
    ///   - environment: `NAME=value`, of which the first of a name counts.
    ///   - file: lines such as `NAME=value`, `export NAME="value"` and `NAME='value'`; nothing in them is carried out.
    init(environment: [String], file: [UInt8]) {
        for entry in environment.reversed() {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        read(file)
    }

    /// The value of a variable that has one; nil for one that is empty.
    func given(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func read(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            var line = line.drop(while: \.isWhitespace)
            if line.hasPrefix("export ") { line = line.dropFirst(7).drop(while: \.isWhitespace) }
            guard let equals = line.firstIndex(of: "="), Self.isName(line[..<equals]) else { continue }
            values[String(line[..<equals])] = Self.value(line[line.index(after: equals)...])
        }
    }

    /// Up to a blank where there are no quotes, and up to the other one where there are.
    private static func value(_ text: Substring) -> String {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            return String(text.prefix { !$0.isWhitespace && $0 != "#" && $0 != ";" })
        }
        return String(text.dropFirst().prefix { $0 != quote })
    }

    /// Whether a shell would take it as the name of a variable.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
