package import Attachments
package import CNI
import LinuxSystem
import RouteNetlink

/// A plugin whose attachment is one link in the container, and nothing on the host.
package protocol LinkPlugin: CNIPlugin {
    associatedtype Configuration: LinkConfiguration
}

extension LinkPlugin {
    package func add(_ invocation: Invocation) throws -> CNIResult {
        try add(invocation, Configuration(invocation.configuration))
    }

    /// ADD by a configuration that has been read.
    package func add(_ invocation: Invocation, _ configuration: Configuration) throws -> CNIResult {
        let dns = try invocation.configuration.dns()
        var attachment = try LinkAttachment(invocation, configuration)
        try attachment.startIPAM()
        let link = try attachment.makeLink(configuration)
        var result = try attachment.takeAddresses()
        try attachment.configure(link, for: result)
        result.interfaces = [CNIResult.Interface(link, sandbox: invocation.namespacePath)]
        if let dns { result.dns = dns }
        try attachment.commit()
        return result
    }

    package func delete(_ invocation: Invocation) throws {
        try invocation.detach(silencingBy: { try invocation.silenceLink(of: Configuration.kind) }) {
            var teardown = Teardown()
            teardown.attempt { try invocation.deleteLink(of: Configuration.kind) }
            return teardown
        }
    }

    package func check(_ invocation: Invocation) throws {
        try check(invocation, Configuration(invocation.configuration))
    }

    /// CHECK by a configuration that has been read.
    package func check(_ invocation: Invocation, _ configuration: Configuration) throws {
        var container = try ContainerInspection(invocation)
        try Delegate.ipam(of: invocation.configuration)?.check()
        var differences = Differences()
        if let link = try container.inspectLink(kind: Configuration.kind, mayBeDown: false, &differences) {
            var host = try RouteSocket()
            try configuration.inspect(link, on: &host, in: &container.socket, &differences)
            try container.inspectAddresses(of: link, &differences)
            try container.inspectRoutes(&differences)
        }
        try differences.finish()
    }

    package func status(_ configuration: NetworkConfiguration) throws {
        var host = try RouteSocket()
        try Delegate.ipam(of: configuration)?.status()
        try Configuration(configuration).requireSupport(on: &host)
    }

    /// The link goes with its namespace; what outlives both are addresses.
    package func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        try Delegate.ipam(of: configuration)?.collectGarbage()
    }
}
