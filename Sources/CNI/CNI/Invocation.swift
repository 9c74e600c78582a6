package import Attachments
package import LinuxSystem

/// What a plugin is asked about one attachment, checked before the plugin sees it.
package struct Invocation: Sendable {
    package let containerID: String
    package let interfaceName: String
    /// `CNI_NETNS` as it came; nil when DEL comes without one.
    package let namespacePath: String?
    package let arguments: CNIArguments
    package let configuration: NetworkConfiguration

    package var attachment: Attachment {
        Attachment(network: configuration.name, containerID: containerID, interfaceName: interfaceName)
    }

    /// `CNI_PATH`: where delegates are looked for, in this order.
    package var pluginDirectories: [String] { configuration.pluginDirectories }

    /// The container's namespace.
    ///
    /// - Throws: code 8 when there is none at the path.
    package func openNamespace() throws(CNIError) -> NetworkNamespace {
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
    package func namespaceIfPresent() -> NetworkNamespace? {
        namespacePath.flatMap { path in try? NetworkNamespace(path: path) }
    }
}
