import Attachments
import CNIRuntime
import LinuxSystem

enum Delete: Subcommand {
    static let name = "del"
    static let parameters = "[-i IFNAME] NET NETNS"
    static let purpose = "undo add; the namespace need not exist any more"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        let (list, given, _) = try settings.attachment(&arguments)
        let isKnown = try settings.runtime.cache.contains(given.attachment)
        var request = try settings.asAdded(given)
        // Plugins delete the interface of that name in the namespace that they are told, whoever made it.
        if try hasForeignInterface(given, list, settings) { request.namespacePath = "" }
        try settings.runtime.deleteOwn(request, from: list)

        guard !isKnown, try hasForeignInterface(given, list, settings) else { return }
        let (interface, path) = (given.attachment.interfaceName, given.namespacePath)
        throw Failure(lines: [
            "\(interface) in \(path) stays: nothing is kept of an add that made it; "
                + "\"nsenter --net=\(path) ip link delete \(interface)\" deletes it whoever made it"
        ])
    }

    private static func hasForeignInterface(
        _ request: AttachmentRequest, _ list: ConfigurationList, _ settings: Settings
    ) throws -> Bool {
        guard let namespace = try ContainerNamespace.openIfPresent(request.namespacePath) else { return false }
        return try InterfaceInNamespace(of: request, in: list, namespace, settings.runtime.cache) == .foreign
    }
}
