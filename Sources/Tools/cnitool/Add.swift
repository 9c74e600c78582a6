import Attachments
import CNI
import CNIRuntime
import JSON
import LinuxSystem

enum Add: Subcommand {
    static let name = "add"
    static let parameters = "[--dry-run] [-i IFNAME] NET NETNS"
    static let purpose = "attach the namespace to the network, and print the result as JSON"

    static func run(_ arguments: inout Arguments) throws {
        let isDry = arguments.flag("--dry-run")
        let settings = try Settings()
        let (list, request, place) = try settings.attachment(&arguments)
        if isDry {
            let text = try AddRehearsal(list: list).lines().map { "\($0)\n" }.joined()
            return try StandardStreams.writeOutput(Array(text.utf8))
        }
        let namespace = try place.open()
        try OwnNamespace.refuse(place.path)
        let interface = try InterfaceInNamespace(of: request, in: list, namespace, settings.runtime.cache)
        if try settings.runtime.cache.contains(request.attachment) {
            try deleteEarlier(settings.asAdded(request), list, interface, settings.runtime)
        }
        let result: JSONObject
        do throws(CNIError) {
            result = try settings.runtime.add(request, to: list, sparingInterface: interface == .foreign)
        } catch {
            guard interface == .foreign else { throw error }
            let name = request.attachment.interfaceName
            throw Failure(lines: [
                "\(error)", "\(place.path) had \(name) before, which cnitool did not make; \"-i OTHER\" names another",
            ])
        }
        try StandardStreams.writeOutput(result.serialized(pretty: true) + [UInt8(ascii: "\n")])
    }

    /// Deletes what an earlier ADD has left on the host, where the namespace is another by now, as after a reboot.
    ///
    /// - Throws: when the earlier attachment may still be in use, with how it is deleted.
    private static func deleteEarlier(
        _ request: AttachmentRequest, _ list: ConfigurationList, _ interface: InterfaceInNamespace, _ runtime: Runtime
    ) throws {
        let (path, name) = (request.namespacePath, request.attachment.interfaceName)
        let result = runtime.cache.knownResult(of: request.attachment, in: list)
        let end = try HostInterfaces(of: list.name).end(of: request.attachment, result: result)
        guard interface != .own, end == nil else {
            let proof = interface == .own ? "it has \(name)" : "\(end ?? "an interface") of this host is left of that"
            throw Failure(lines: [
                "\(path) is attached to \"\(list.name)\" already: \(proof); "
                    + "\"cnitool del -i \(name) \(list.name) \(path)\" detaches it, \"-i OTHER\" attaches it once more"
            ])
        }
        StandardStreams.log(
            "cnitool: what is left of an earlier attachment of \(path) to \"\(list.name)\" is deleted first")
        var earlier = request
        earlier.namespacePath = ""
        try runtime.deleteOwn(earlier, from: list)
    }
}
