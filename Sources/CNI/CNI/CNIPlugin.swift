package import Attachments

/// A plugin: what it does for each verb of the CNI specification, section 2.
package protocol CNIPlugin {
    /// The name it is installed under.
    static var name: String { get }
    /// The versions that it takes, oldest first; all, unless said otherwise.
    static var supportedVersions: [CNIVersion] { get }

    /// Makes the attachment; nothing of it is left when this throws.
    func add(_ invocation: Invocation) throws -> CNIResult
    /// Removes the attachment; what is gone is no error.
    func delete(_ invocation: Invocation) throws
    /// Throws unless the attachment is as ADD left it.
    func check(_ invocation: Invocation) throws
    /// Throws unless ADD can be served, with code 50 or 51.
    func status(_ configuration: NetworkConfiguration) throws
    /// Removes all that belongs to attachments of this network that are not valid.
    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws
}

extension CNIPlugin {
    package static var supportedVersions: [CNIVersion] { CNIVersion.allCases }
    package func status(_ configuration: NetworkConfiguration) throws {}
    package func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {}
}
