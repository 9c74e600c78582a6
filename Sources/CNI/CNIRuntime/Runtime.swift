import Attachments
package import CNI
package import JSON
import LinuxSystem

/// The verbs as a runtime calls them, for a whole chain of plugins: CNI specification, section 3.
///
/// An error of a plugin keeps its code, and says which plugin of the chain it was.
package struct Runtime: Sendable {
    /// Where plugins are looked for, in this order; passed on as `CNI_PATH`.
    package let pluginDirectories: [String]
    package let cache: ResultCache

    package init(pluginDirectories: [String], cache: ResultCache) {
        self.pluginDirectories = pluginDirectories
        self.cache = cache
    }

    /// Attaches a container: runs the plugins in their order, each with the result so far, and keeps the last result.
    ///
    /// Runs nothing unless all plugins are there. When this fails half-way, also because the process holds SIGTERM or
    /// SIGINT back and one came, the plugins that have run are sent DEL, last one first; the reference leaves that to
    /// its caller. A plugin that reported an error has undone its work itself, and its DEL might hit an interface that
    /// was there before, so it is not among them; one that died without a report is. Nothing is undone when the cache
    /// knows the attachment from an earlier ADD, whose DEL is still to come.
    ///
    /// - Parameters:
    ///   - request: what is attached.
    ///   - list: to which network.
    ///   - sparesInterface: whether undoing is to stay out of the namespace, since it had an interface of that name
    ///     before: plugins would take that for theirs.
    /// - Returns: the last plugin's result as it printed it, with the version added where it had none.
    /// - Throws: the error of the plugin that failed; code 3, 4 or 7 for a request that no plugin takes; code 5 when the
    ///   result cannot be kept.
    package func add(
        _ request: AttachmentRequest, to list: ConfigurationList, sparingInterface sparesInterface: Bool = false
    ) throws(CNIError) -> JSONObject {
        try check(request, list)
        for plugin in list.plugins {
            try naming(plugin, "add") { () throws(CNIError) in _ = try executable(of: plugin) }
        }
        let isKnown = try cache.contains(request.attachment)
        var progress = Progress()
        do throws(CNIError) {
            for plugin in list.plugins {
                try stopIfInterrupted()
                try add(plugin, request, list, &progress)
            }
            try stopIfInterrupted()
            guard let result = progress.result else {
                throw CNIError(.invalidConfiguration, "no plugins in list")
            }
            try cache.store(result, of: request, in: list)
            return result
        } catch {
            if !isKnown {
                var request = request
                if sparesInterface { request.namespacePath = "" }
                undo(progress, request, list)
            }
            throw error
        }
    }

    /// Removes a container's attachment: runs the plugins last one first, then forgets the result.
    ///
    /// - Parameters:
    ///   - request: what is removed.
    ///   - list: from which network.
    ///   - tellsResult: whether the plugins get the result that ADD gave, which they can do without.
    /// - Throws: the error of the first plugin that failed; the result is kept then, for another try.
    package func delete(
        _ request: AttachmentRequest, from list: ConfigurationList, tellingResult tellsResult: Bool = true
    ) throws(CNIError) {
        try check(request, list)
        var previous: JSONObject?
        let allowsResult = try list.allowsPreviousResultInDelete
        if tellsResult && allowsResult {
            do throws(CNIError) {
                previous = try cache.result(of: request.attachment, in: list)
            } catch {
                StandardStreams.log("ignored: \(error)")
            }
        }
        for plugin in list.plugins.reversed() {
            try delete(plugin, request, list, previous)
        }
        try cache.remove(request.attachment)
    }

    /// Has every plugin compare the attachment with the result that ADD gave.
    ///
    /// - Throws: the error of the first plugin that found a difference; code 1 for a list that is older than CHECK.
    package func check(_ request: AttachmentRequest, in list: ConfigurationList) throws(CNIError) {
        try check(request, list)
        guard try list.allows(.check) else {
            throw CNIError(
                .incompatibleVersion,
                "configuration version \"\(list.version)\" does not support the CHECK command")
        }
        guard !list.disablesCheck else { return }
        let previous = try cache.result(of: request.attachment, in: list)
        for plugin in list.plugins {
            let input = plugin.request(
                in: list, previous: previous, capabilityArguments: request.capabilityArguments)
            try naming(plugin, "check") { () throws(CNIError) in _ = try run(plugin, .check, request, input: input) }
        }
    }
}

/// The steps of ADD and DEL.
extension Runtime {
    /// How far an ADD has come.
    private struct Progress {
        /// The result so far.
        var result: JSONObject?
        /// The plugins that may have left something, in the order they ran.
        var touched: [PluginConfiguration] = []
    }

    private func add(
        _ plugin: PluginConfiguration, _ request: AttachmentRequest, _ list: ConfigurationList,
        _ progress: inout Progress
    ) throws(CNIError) {
        let input = plugin.request(
            in: list, previous: progress.result, capabilityArguments: request.capabilityArguments)
        let output: [UInt8]
        do throws(CNIError) {
            output = try naming(plugin, "add") { () throws(CNIError) in
                try run(plugin, .add, request, input: input)
            }
        } catch {
            if error.code == .unknown { progress.touched.append(plugin) }
            throw error
        }
        progress.touched.append(plugin)
        progress.result = try naming(plugin, "add") { () throws(CNIError) in try Self.result(of: output, in: list) }
    }

    private func undo(_ progress: Progress, _ request: AttachmentRequest, _ list: ConfigurationList) {
        for plugin in progress.touched.reversed() {
            do throws(CNIError) {
                try delete(plugin, request, list, progress.result)
            } catch {
                StandardStreams.log("undo: \(error)")
            }
        }
    }

    private func delete(
        _ plugin: PluginConfiguration, _ request: AttachmentRequest, _ list: ConfigurationList,
        _ previous: JSONObject?
    ) throws(CNIError) {
        let input = try plugin.request(
            in: list, previous: list.allowsPreviousResultInDelete ? previous : nil,
            capabilityArguments: request.capabilityArguments)
        try naming(plugin, "delete") { () throws(CNIError) in _ = try run(plugin, .delete, request, input: input) }
    }

    private func check(_ request: AttachmentRequest, _ list: ConfigurationList) throws(CNIError) {
        try Identifier.checkNetworkName(list.name)
        try Identifier.checkContainerID(request.attachment.containerID)
        try Identifier.checkInterfaceName(request.attachment.interfaceName)
    }

    private func stopIfInterrupted() throws(CNIError) {
        do throws(SystemError) {
            try Interruption.check()
        } catch {
            throw CNIError(describing: error)
        }
    }

    /// What a plugin printed, with a version.
    private static func result(of output: [UInt8], in list: ConfigurationList) throws(CNIError) -> JSONObject {
        let version = list.version.isEmpty ? CNIVersion.v0_1_0.rawValue : list.version
        do throws(JSONError) {
            let value = try JSONValue(parsing: output)
            var result = value == .null ? [:] : try JSONObject(reading: JSONReader(value))
            if result["cniVersion"]?.string ?? "" == "" { result["cniVersion"] = .string(version) }
            _ = try CNIResult(reading: JSONReader(.object(result)), defaultVersion: .v0_1_0)
            return result
        } catch {
            throw CNIError(.decoding, "failed to unmarshal raw result: \(error)")
        }
    }
}

extension ConfigurationList {
    /// DEL has had a result since CHECK came.
    fileprivate var allowsPreviousResultInDelete: Bool {
        get throws(CNIError) { try allows(.check) }
    }
}
