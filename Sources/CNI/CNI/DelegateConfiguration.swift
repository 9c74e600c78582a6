package import JSON

/// The configuration of a plugin that another one leaves the interface to, made from the `delegate` object of its own.
///
/// What `delegate` says goes before every default, be it null or false; its members are taken literally, case included.
package struct DelegateConfiguration: Hashable, Sendable {
    /// The name of the plugin.
    package let type: String
    /// All members, sorted by their names, so that configurations of one meaning are equal.
    package private(set) var object: JSONObject

    /// Completes the `delegate` object of a configuration, an empty one where there is none.
    ///
    /// `runtimeConfig`, `name` and `cniVersion` come from the configuration itself; `type` is `bridge` by default, and a
    /// bridge is a gateway by default. `prevResult` is left out, as no plugin has run before the delegate's ADD.
    ///
    /// - Parameters:
    ///   - configuration: what this plugin was given.
    ///   - plugin: the name of this plugin, for error texts.
    ///   - reserved: the members that this plugin sets itself, which `delegate` must not have.
    ///   - defaults: further members for where `delegate` has none of that name.
    /// - Throws: code 7 for a reserved member, a `type` that is no name, or a `delegate` that is no object.
    package init(
        of configuration: NetworkConfiguration, by plugin: String, reserving reserved: [String], defaults: JSONObject
    ) throws(CNIError) {
        do throws(JSONError) {
            object = try configuration.reader.optional("delegate") ?? [:]
            if let runtime: JSONObject = try configuration.reader.optional("runtimeConfig") {
                object["runtimeConfig"] = .object(runtime)
            }
        } catch {
            throw CNIError(describing: error)
        }
        object.setDefault("type", "bridge")
        guard let type = object.value(ofExactly: "type")?.string else {
            throw CNIError(
                .invalidConfiguration, "'delegate' dictionary, if present, must have (string) 'type' field")
        }
        for name in reserved where object.value(ofExactly: name) != nil {
            throw CNIError(
                .invalidConfiguration,
                "'delegate' dictionary must not have '\(name)' field, it'll be set by \(plugin)")
        }
        self.type = type
        object["name"] = .string(configuration.name)
        for member in defaults.members { object.setDefault(member.name, member.value) }
        if type == "bridge" { object.setDefault("isGateway", true) }
        takeVersion(of: configuration)
        object = object.sorted
    }

    /// The same with members replaced or added.
    package func setting(_ members: JSONObject) -> DelegateConfiguration {
        var result = self
        for member in members.members { result.object[member.name] = member.value }
        result.object = result.object.sorted
        return result
    }

    /// The same for a verb other than ADD: with what the runtime says of the attachment, or of those that are valid.
    package func forwarding(_ configuration: NetworkConfiguration) -> DelegateConfiguration {
        var result = self
        result.takeVersion(of: configuration)
        let passed = ["prevResult"] + NetworkConfiguration.validAttachmentsNames
        for name in passed { result.object[name] = configuration.reader.value.object?[name] }
        result.object = result.object.sorted
        return result
    }

    /// As the delegate reads it.
    package var bytes: [UInt8] { object.serialized() }

    /// The delegate, found on `CNI_PATH`.
    ///
    /// - Throws: code 7 when there is no such plugin.
    package func delegate(for configuration: NetworkConfiguration) throws(CNIError) -> Delegate {
        try Delegate(type, for: configuration, input: bytes)
    }

    /// Without a version the configuration is of the oldest one, which the delegate may know better.
    private mutating func takeVersion(of configuration: NetworkConfiguration) {
        if let version = configuration.reader.value.object?["cniVersion"]?.string, !version.isEmpty {
            object["cniVersion"] = .string(version)
        }
    }
}

extension DelegateConfiguration: JSONReadable {
    /// Reads one that was completed before.
    package init(reading reader: JSONReader) throws(JSONError) {
        object = try JSONObject(reading: reader).sorted
        type = try reader.required("type")
    }
}
