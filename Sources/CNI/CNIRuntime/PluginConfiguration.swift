import Attachments
package import CNI
package import JSON

/// One plugin of a chain, as its configuration list describes it.
package struct PluginConfiguration: Hashable, Sendable {
    /// The name of its executable.
    package let type: String
    /// A `name` of its own, as only files with a single plugin have one.
    package let name: String?
    /// What it declares that the runtime may pass on to it, such as `portMappings`; sorted.
    package let capabilities: [String]
    /// All members, as they are written.
    package let object: JSONObject

    /// Reads a plugin in a file of its own.
    ///
    /// - Throws: code 7, telling what is missing or has the wrong type.
    init(parsing bytes: [UInt8]) throws(CNIError) {
        do throws(JSONError) {
            try self.init(reading: JSONReader(JSONValue(parsing: bytes)))
        } catch {
            throw CNIError(.invalidConfiguration, "error parsing configuration: \(error)")
        }
    }
}

extension PluginConfiguration: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        object = try JSONObject(reading: reader)
        name = try reader.optional("name")
        let declared = try reader.optional("capabilities", as: [String: Bool].self) ?? [:]
        capabilities = declared.filter(\.value).keys.sorted()
        type = try reader.optional("type") ?? ""
        guard !type.isEmpty else { throw JSONError(message: "missing 'type'") }
    }
}

/// Requests: CNI specification, section 3, "Deriving request configuration from plugin configuration".
extension PluginConfiguration {
    /// What the plugin reads for ADD, CHECK and DEL.
    ///
    /// As with the reference, `capabilities` stays in it, a `prevResult` of the file stays when there is none to put
    /// in its place, and so does a `runtimeConfig`.
    ///
    /// - Parameters:
    ///   - list: whose name and version it gets.
    ///   - previous: the result so far, nil for none.
    ///   - arguments: what the runtime has to pass on; the plugin gets what it declares.
    /// - Returns: the text of the configuration.
    func request(
        in list: ConfigurationList, previous: JSONObject?, capabilityArguments arguments: JSONObject
    ) -> [UInt8] {
        var request = configuration(in: list)
        if let previous { request["prevResult"] = .object(previous) }
        let passed = arguments.members.filter { capabilities.contains($0.name) }
        if !passed.isEmpty { request["runtimeConfig"] = .object(JSONObject(passed)) }
        return request.serialized()
    }

    /// The configuration as the plugin has it when it is asked about the node and not about a container.
    ///
    /// - Throws: code 1, 6 or 7 when the plugin would refuse it.
    package func networkConfiguration(in list: ConfigurationList) throws(CNIError) -> NetworkConfiguration {
        try NetworkConfiguration(parsing: statusRequest(in: list))
    }

    /// What the plugin reads for STATUS.
    func statusRequest(in list: ConfigurationList) -> [UInt8] {
        configuration(in: list).serialized()
    }

    /// What the plugin reads for GC: the valid attachments under their name, and under the misspelling of it that
    /// plugins of the reference's age read.
    func garbageRequest(in list: ConfigurationList, keeping valid: [Attachment]) -> [UInt8] {
        let attachments = JSONValue.array(
            valid.map {
                ["containerID": .string($0.containerID), "ifname": .string($0.interfaceName)]
            })
        var request = configuration(in: list)
        request["cni.dev/valid-attachments"] = attachments
        request["cni.dev/attachments"] = attachments
        return request.serialized()
    }

    private func configuration(in list: ConfigurationList) -> JSONObject {
        var configuration = object
        configuration["name"] = .string(list.name)
        configuration["cniVersion"] = .string(list.version)
        return configuration
    }
}
