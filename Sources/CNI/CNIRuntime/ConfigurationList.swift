package import CNI
import JSON

/// A network, which is the chain of plugins that attach a container to it: CNI specification, section 1.
package struct ConfigurationList: Sendable {
    package let name: String
    /// The version spoken with the plugins, as it is written; empty when the list names none, which means 0.1.0.
    package let version: String
    /// In the order in which ADD runs them.
    package internal(set) var plugins: [PluginConfiguration]
    /// `disableCheck`: CHECK succeeds without running anything.
    package let disablesCheck: Bool
    /// `disableGC`: GC succeeds without running anything.
    package let disablesGarbageCollection: Bool
    /// The text it was read from, which the result cache keeps.
    package let bytes: [UInt8]

    /// Whether plugins in the directory of the network's name are not part of the chain.
    let loadsOnlyInlinedPlugins: Bool

    /// Reads a list on its own, without plugins in a directory beside it.
    ///
    /// Without a `plugins` member the chain is empty.
    ///
    /// - Throws: code 7, telling what is missing or has the wrong type.
    package init(parsing bytes: [UInt8]) throws(CNIError) {
        do throws(JSONError) {
            try self.init(members: JSONObject(reading: JSONReader(JSONValue(parsing: bytes))), bytes: bytes)
        } catch {
            throw CNIError(.invalidConfiguration, "error parsing configuration list: \(error)")
        }
    }

    private init(members: JSONObject, bytes: [UInt8]) throws(JSONError) {
        guard let name = try members.text("name") else { throw JSONError(message: "no name") }
        self.name = name
        version = try Self.version(in: members)
        disablesCheck = try members.flag("disableCheck")
        disablesGarbageCollection = try members.flag("disableGC")
        loadsOnlyInlinedPlugins = try members.flag("loadOnlyInlinedPlugins")
        plugins = try Self.plugins(in: members)
        self.bytes = bytes
        guard !loadsOnlyInlinedPlugins || members.contains("plugins") else {
            throw JSONError(message: "`loadOnlyInlinedPlugins` is true, and no 'plugins' key")
        }
    }

    private static func plugins(in members: JSONObject) throws(JSONError) -> [PluginConfiguration] {
        guard let value = members["plugins"] else { return [] }
        guard let elements = value.array else { throw JSONError(message: "invalid 'plugins' type \(value.kind)") }
        guard !elements.isEmpty else { throw JSONError(message: "no plugins in list") }
        var plugins: [PluginConfiguration] = []
        for (index, element) in elements.enumerated() {
            do throws(JSONError) {
                plugins.append(try PluginConfiguration(reading: JSONReader(element)))
            } catch {
                throw JSONError(message: "failed to parse plugin config \(index): \(error)")
            }
        }
        return plugins
    }

    /// The highest of `cniVersions` and `cniVersion` that this suite speaks; without one, `cniVersion` as it is.
    private static func version(in members: JSONObject) throws(JSONError) -> String {
        let single = try members.text("cniVersion") ?? ""
        guard let value = members["cniVersions"] else { return single }
        guard let entries = value.array else { throw JSONError(message: "invalid cniVersions type \(value.kind)") }
        var candidates: [(number: VersionNumber, text: String)] = []
        for (index, entry) in entries.enumerated() {
            guard let text = entry.string, let number = try? VersionNumber(text) else {
                throw JSONError(
                    message: "invalid cniVersions entry \(entry) at index \(index): expected a version such as 1.0.0")
            }
            candidates.append((number, text))
        }
        if !single.isEmpty {
            guard let number = try? VersionNumber(single) else {
                throw JSONError(message: "invalid cniVersion \"\(single)\": expected a version such as 1.0.0")
            }
            candidates.append((number, single))
        }
        let spoken = candidates.filter { !$0.number.isNewer(than: .latest) }
        return spoken.max { $0.number < $1.number }?.text ?? single
    }

    /// Whether the version has a verb that came with a later version than the first.
    ///
    /// - Throws: code 6 when `cniVersion` is no version.
    package func allows(_ verb: Verb) throws(CNIError) -> Bool {
        try VersionNumber(version) >= VersionNumber(verb.since.rawValue)
    }
}

extension VersionNumber {
    fileprivate func isNewer(than version: CNIVersion) -> Bool {
        guard let limit = try? VersionNumber(version.rawValue) else { return false }
        return self > limit
    }
}

/// Members of a list, with the words of the reference for what is wrong with them.
extension JSONObject {
    fileprivate func text(_ name: String) throws(JSONError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw JSONError(message: "invalid \(name) type \(value.kind)") }
        return text
    }

    /// A truth value, as such or as text; false when there is none.
    fileprivate func flag(_ name: String) throws(JSONError) -> Bool {
        switch self[name] {
        case nil: return false
        case .bool(let value)?: return value
        case .string(let text)? where text.lowercased() == "true": return true
        case .string(let text)? where text.lowercased() == "false": return false
        case .string(let text)?: throw JSONError(message: "invalid value \"\(text)\" for \(name)")
        case let value?: throw JSONError(message: "invalid type \(value.kind) for \(name)")
        }
    }
}

extension JSONValue {
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
