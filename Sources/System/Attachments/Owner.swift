/// Whom something that is saved for a network belongs to: one interface of a container, or the whole container.
package struct Owner: Hashable, Sendable {
    package let containerID: String
    /// Nil in what the reference, or an old version of it, keeps once for all of a container's interfaces.
    package let interfaceName: String?

    package init(containerID: String, interfaceName: String?) {
        self.containerID = containerID
        self.interfaceName = interfaceName
    }

    package init(_ attachment: Attachment) {
        self.init(containerID: attachment.containerID, interfaceName: attachment.interfaceName)
    }

    /// The owner of what is kept for all interfaces of the same container.
    package var ofWholeContainer: Owner {
        Owner(containerID: containerID, interfaceName: nil)
    }

    /// Everyone to whom something of these attachments can belong.
    package static func all(of attachments: Set<Attachment>) -> Set<Owner> {
        Set(attachments.flatMap { [Owner($0), Owner($0).ofWholeContainer] })
    }
}

extension Owner: CustomStringConvertible {
    /// `c1 (eth0)`.
    package var description: String {
        interfaceName.map { "\(containerID) (\($0))" } ?? containerID
    }
}
