import Addressing
import Attachments
import CNI
import DHCP
import GoRPC
import JSON
import LinuxSystem
import RouteNetlink

/// What plugins call.
extension Daemon {
    /// Leases an address, or tells of the one that the interface has.
    mutating func allocate(_ arguments: DaemonArguments, for caller: Tenancy.Caller) throws {
        let network = try NetworkConfiguration(parsing: arguments.configuration)
        let configuration = try DHCPConfiguration(network, arguments: CNIArguments(arguments.arguments))
        let attachment = try arguments.attachment(in: network)
        let (interface, kind) = try LeasedInterface.prepare(
            attachment.interfaceName, inNamespace: options.hostPrefix + arguments.namespacePath)

        let former = tenancies[attachment]
        if let former, former.interface.isSame(as: interface), former.ending == nil {
            guard let lease = former.client.lease else { return former.waiting.append(caller) }
            return answer(caller, CNIResult(lease, priority: former.priority))
        }
        let wanted = former?.client.lease?.acknowledgement.yourAddress
        if let former { forget(former) }

        let identity = DHCPIdentity(
            hardwareAddress: interface.mac, provided: configuration.options(of: attachment),
            requested: configuration.requested,
            wantsBroadcast: options.wantsBroadcast || LeasedInterface.needsBroadcast(kind))
        let client = DHCPClient(
            identity, options.patience, wanting: wanted, at: BootClock.milliseconds, using: &random)
        let ownMTU: UInt32? = try network.reader.optional("mtu")
        let tenancy = Tenancy(
            of: attachment, on: interface, client, priority: configuration.priority, takesMTU: (ownMTU ?? 0) == 0)
        tenancies[attachment] = tenancy
        tenancy.waiting.append(caller)
        do throws(SystemError) {
            // What cannot even be listened for is no lease in the making.
            try open(tenancy)
        } catch {
            tenancies[attachment] = nil
            throw error
        }
        report(tenancy, "asking for a lease")
        advance(tenancy)
    }

    /// Gives a lease back; one that there is not is no error.
    mutating func release(_ arguments: DaemonArguments, for caller: Tenancy.Caller) throws {
        let network = try NetworkConfiguration(parsing: arguments.configuration)
        if let tenancy = tenancies[try arguments.attachment(in: network)] { release(tenancy) }
        answer(caller)
    }

    /// Tells of a lease.
    func inspect(_ arguments: DaemonArguments, for caller: Tenancy.Caller) throws {
        let network = try NetworkConfiguration(parsing: arguments.configuration)
        let attachment = try arguments.attachment(in: network)
        let name = attachment.interfaceName
        guard let tenancy = tenancies[attachment] else { return refuse(caller, "there is no lease for \(name)") }
        guard let lease = tenancy.client.lease else {
            let reason = tenancy.ending?.text(name, after: nil) ?? "a lease for \(name) is still being asked for"
            return refuse(caller, reason)
        }
        guard tenancy.interface.isPresent else {
            return refuse(caller, "the interface \(name) that \(lease.address) is leased for is gone")
        }
        answer(caller, CNIResult(lease, priority: tenancy.priority))
    }

    /// Gives back what belongs to attachments of a network that are not valid; what somebody waits for is.
    mutating func collectGarbage(_ arguments: DaemonArguments, for caller: Tenancy.Caller) throws {
        let network = try NetworkConfiguration(parsing: arguments.configuration)
        if let valid = try network.validAttachments() {
            for tenancy in Array(tenancies.values)
            where tenancy.attachment.network == network.name && !valid.contains(tenancy.attachment)
                && tenancy.waiting.isEmpty
            {
                release(tenancy)
            }
        }
        answer(caller)
    }
}

extension DaemonArguments {
    /// What the call is about.
    ///
    /// - Throws: code 3 or 4 for an identifier that is none.
    fileprivate func attachment(in network: NetworkConfiguration) throws(CNIError) -> Attachment {
        try Identifier.checkContainerID(containerID)
        try Identifier.checkInterfaceName(interfaceName)
        return Attachment(network: network.name, containerID: containerID, interfaceName: interfaceName)
    }
}

extension DHCPConfiguration {
    /// What a client tells a server: it is called by its attachment, unless the configuration calls it something else.
    fileprivate func options(of attachment: Attachment) -> DHCPOptions {
        let key = "\(attachment.containerID)/\(attachment.network)/\(attachment.interfaceName)"
        var options = DHCPOptions()
        // No kind of hardware, and not more than an option has room for.
        options[DHCPOption.clientID] = [0] + key.utf8.prefix(254)
        options.merge(provided)
        return options
    }
}
