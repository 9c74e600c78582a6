/// `CNI_ARGS`: pairs as in `K8S_POD_NAME=web;MAC=02:00:00:00:00:01`.
package struct CNIArguments: Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The value of a key, whatever else there is.
    package subscript(key: String) -> String? {
        pairs.last { $0.key == key }?.value
    }

    /// The values of the keys that a plugin knows.
    ///
    /// - Throws: code 4 for an item that is no pair; for other keys, unless `IgnoreUnknown=1` is among them.
    package func values(knowing known: Set<String>) throws(CNIError) -> [String: String] {
        guard !text.isEmpty else { return [:] }
        var values: [String: String] = [:]
        var unknown: [String] = []
        var ignoresUnknown = false
        for item in text.split(separator: ";", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw CNIError(.invalidEnvironment, "ARGS: invalid pair \"\(item)\"") }
            switch parts[0] {
            case "IgnoreUnknown": ignoresUnknown = try Self.flag(parts[1])
            case let key where known.contains(key): values[key] = parts[1]
            default: unknown.append("\"\(item)\"")
            }
        }
        guard unknown.isEmpty || ignoresUnknown else {
            throw CNIError(
                .invalidEnvironment, "ARGS: unknown args [\(unknown.joined(separator: " "))]",
                details: "IgnoreUnknown=1 in CNI_ARGS leaves them to other plugins")
        }
        return values
    }

    private var pairs: [(key: String, value: String)] {
        text.split(separator: ";").compactMap { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
    }

    private static func flag(_ text: String) throws(CNIError) -> Bool {
        switch text.lowercased() {
        case "1", "true": return true
        case "0", "false": return false
        default:
            throw CNIError(
                .invalidEnvironment,
                "ARGS: error parsing value of pair \"IgnoreUnknown=\(text)\": boolean unmarshal error: "
                    + "invalid input \(text)")
        }
    }
}
