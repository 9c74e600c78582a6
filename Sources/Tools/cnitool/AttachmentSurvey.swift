import Attachments
import CNI
import CNIRuntime
import JSON
import Leases
import LinuxSystem

/// Everything that this host shows of a network's attachments, whoever made them.
struct AttachmentSurvey {
    /// In the order of container ids and interface names.
    let attachments: [KnownAttachment]

    /// - Throws: what keeps it from seeing all of them.
    init(of list: ConfigurationList, in cache: ResultCache) throws {
        var known: [Owner: KnownAttachment] = [:]
        func change(_ owner: Owner, _ body: (inout KnownAttachment) -> Void) {
            body(&known[owner, default: KnownAttachment(owner)])
        }
        let host = try HostInterfaces(of: list.name)
        for request in try cache.attachments(of: list.name) {
            change(Owner(request.attachment)) { attachment in
                attachment.request = request
                if !request.namespacePath.isEmpty { attachment.namespacePath = request.namespacePath }
            }
        }
        for root in list.leaseRoots {
            for lease in try Self.leases(of: list.name, in: root) {
                change(lease.owner) { attachment in
                    attachment.addresses.append(lease.address)
                    if attachment.namespacePath == nil { attachment.namespacePath = lease.life?.namespacePath }
                }
            }
        }
        for attachment in host.byAttachment.keys { change(Owner(attachment)) { _ in } }
        attachments = known.values.map { attachment in
            var attachment = attachment
            attachment.hostInterface = attachment.owner.attachment(to: list.name).flatMap {
                host.end(of: $0, result: cache.knownResult(of: $0, in: list))
            }
            return attachment
        }
        .sorted { $0.owner.description < $1.owner.description }
    }

    private static func leases(of network: String, in root: String) throws(SystemError) -> [Lease] {
        guard try LeaseStore.exists(network: network, root: root) else { return [] }
        var store = try LeaseStore(network: network, root: root, lockTimeout: LeaseStore.patience)
        return try store.allLeases()
    }
}

extension Owner {
    /// Nil for an owner that is a whole container.
    func attachment(to network: String) -> Attachment? {
        interfaceName.map { Attachment(network: network, containerID: containerID, interfaceName: $0) }
    }
}

extension ResultCache {
    /// What ADD printed, where that is kept and can be read.
    func knownResult(of attachment: Attachment, in list: ConfigurationList) -> CNIResult? {
        guard let object = try? result(of: attachment, in: list) else { return nil }
        return try? CNIResult(reading: JSONReader(.object(object)), defaultVersion: .v0_1_0)
    }
}
