package import CNI
import JSON

/// Finding out what can be run, without running it.
extension Runtime {
    /// Asks a plugin for the versions that it speaks.
    ///
    /// - Throws: code 6 or 7 when there is no such plugin, or no versions in what it prints.
    package func supportedVersions(of plugin: PluginConfiguration) throws(CNIError) -> [String] {
        let question: JSONObject = ["cniVersion": .string(CNIVersion.latest.rawValue)]
        let variables = [
            "CNI_COMMAND": "VERSION", "CNI_CONTAINERID": "", "CNI_NETNS": "dummy", "CNI_IFNAME": "dummy",
            "CNI_ARGS": "", "CNI_PATH": "dummy",
        ]
        let output: [UInt8]
        do throws(CNIError) {
            output = try run(
                executable(of: plugin), variables, input: question.serialized(), passesSignalsOn: true)
        } catch {
            guard error.message == "unknown CNI_COMMAND: VERSION" else { throw error }
            return [CNIVersion.v0_1_0.rawValue]
        }
        do throws(JSONError) {
            return try Self.versions(in: JSONReader(JSONValue(parsing: output)))
        } catch {
            throw CNIError(.decoding, "decoding version info: \(error)")
        }
    }

    /// Checks that all plugins are there and speak the list's version.
    ///
    /// - Returns: the capabilities that any of them declares, sorted.
    /// - Throws: the error of the first plugin that does not do.
    @discardableResult
    package func validate(_ list: ConfigurationList) throws(CNIError) -> [String] {
        try Identifier.checkNetworkName(list.name)
        let version = list.version.isEmpty ? CNIVersion.v0_1_0.rawValue : list.version
        for plugin in list.plugins {
            let supported = try supportedVersions(of: plugin)
            guard supported.contains(version) else {
                throw CNIError(
                    .incompatibleVersion, "plugin \(plugin.type) does not support config version \"\(version)\"",
                    details:
                        "set \"cniVersion\" to what all plugins speak, this one \(supported.joined(separator: " "))")
            }
        }
        return Set(list.plugins.flatMap(\.capabilities)).sorted()
    }

    private static func versions(in reader: JSONReader) throws(JSONError) -> [String] {
        let own = try reader.optional("cniVersion", as: String.self) ?? ""
        guard !own.isEmpty else { throw JSONError(message: "missing field cniVersion") }
        let versions = try reader.optional("supportedVersions", as: [String].self) ?? []
        switch (versions.isEmpty, own) {
        case (false, _): return versions
        // That version told one number and meant these.
        case (true, CNIVersion.v0_2_0.rawValue): return [CNIVersion.v0_1_0.rawValue, CNIVersion.v0_2_0.rawValue]
        case (true, _): throw JSONError(message: "missing field supportedVersions")
        }
    }
}
