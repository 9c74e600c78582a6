package import Attachments
package import CNI

/// The verbs that are about a network and no attachment.
extension Runtime {
    /// Removes what belongs to attachments that are not valid: those of the cache are deleted, then the plugins are told
    /// which ones are valid, and remove what else they find, whoever made it.
    ///
    /// The plugins always get the list, also when it is empty: the reference sends none then, and they keep everything.
    ///
    /// - Throws: all that failed as one error, after everything has been tried.
    package func collectGarbage(
        in list: ConfigurationList, keeping valid: [Attachment]
    ) throws(CNIError) {
        guard !list.disablesGarbageCollection else { return }
        try Identifier.checkNetworkName(list.name)
        let reachesPlugins = try list.allows(.collectGarbage)
        var teardown = Teardown()
        for request in try cache.attachments(of: list.name) where !valid.contains(request.attachment) {
            let attachment = "\(request.attachment.containerID) \(request.attachment.interfaceName)"
            teardown.attempt {
                try prefixing("failed to delete stale attachment \(attachment)") { () throws(CNIError) in
                    try delete(request, from: list)
                }
            }
        }
        for plugin in list.plugins where reachesPlugins {
            let input = plugin.garbageRequest(in: list, keeping: valid)
            teardown.attempt {
                try prefixing("failed to GC plugin \(plugin.type)") { () throws(CNIError) in
                    _ = try run(plugin, .collectGarbage, input: input)
                }
            }
        }
        try teardown.finish()
    }

    /// Asks the plugins whether ADD can be served.
    ///
    /// - Throws: the error of the first plugin that cannot, code 50 or 51; nothing for a list that is older than STATUS.
    package func status(of list: ConfigurationList) throws(CNIError) {
        try Identifier.checkNetworkName(list.name)
        guard try list.allows(.status) else { return }
        for plugin in list.plugins {
            let input = plugin.statusRequest(in: list)
            try naming(plugin, "status") { () throws(CNIError) in _ = try run(plugin, .status, input: input) }
        }
    }
}
