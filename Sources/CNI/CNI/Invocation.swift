public import Attachments
public import LinuxSystem

/// What a plugin is asked about one attachment, checked before the plugin sees it.
public struct Invocation: Sendable {
    public let containerID: String
    public let interfaceName: String
    /// `CNI_NETNS` as it came; nil when DEL comes without one.
    public let namespacePath: String?
    public let arguments: CNIArguments
    public let configuration: NetworkConfiguration

    public var attachment: Attachment {
        Attachment(network: configuration.name, containerID: containerID, interfaceName: interfaceName)
    }

    /// `CNI_PATH`: where delegates are looked for, in this order.
    public var pluginDirectories: [String] { configuration.pluginDirectories }

    /// The container's namespace.
    ///
    /// - Throws: code 8 when there is none at the path.
    public func openNamespace() throws(CNIError) -> NetworkNamespace {
        let path = namespacePath ?? ""
        do throws(SystemError) {
            return try NetworkNamespace(path: path)
        } catch {
            throw CNIError(.invalidNamespace, "failed to open netns \"\(path)\": \(error.cause)")
        }
    }

    /// The container's namespace as far as it still exists.
    ///
    /// - Returns: nil when the path is missing or is what is left of a mount point; the namespace has ended then, and
    ///   what was in it with it.
    public func namespaceIfPresent() -> NetworkNamespace? {
        namespacePath.flatMap { path in try? NetworkNamespace(path: path) }
    }
}
