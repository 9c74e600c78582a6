package import CNI
package import LinuxSystem
package import RouteNetlink

/// What a plugin's configuration says about the one link that it makes in a container.
package protocol LinkConfiguration: Sendable {
    /// What ip-link(8) calls the kind of the link; nil where it may be any.
    static var kind: String? { get }

    /// - Throws: code 7 with the member that will not do.
    init(_ configuration: NetworkConfiguration) throws

    /// Makes the link, still down; nothing is left of it when this throws.
    ///
    /// - Parameters:
    ///   - invocation: what is asked.
    ///   - host: the host's namespace.
    ///   - container: where it is made.
    ///   - rollback: takes how that is undone.
    /// - Returns: the link, which an alias is given unless it has one.
    /// - Throws: code 7 for what the configuration says and that cannot be; what the kernel refused.
    func makeLink(
        for invocation: Invocation, on host: inout RouteSocket, in container: inout ContainerSide,
        _ rollback: inout Rollback
    ) throws -> Link

    /// What a chain's earlier plugin has given the link, so that no IPAM plugin is asked; nil where one is.
    func addresses(givenBefore invocation: Invocation) throws -> CNIResult?

    /// Compares the link with what `makeLink` makes.
    func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) throws

    /// Sees that `makeLink` can do its work.
    ///
    /// - Throws: code 51 when what it would make passes no packets; anything else when it cannot be made.
    func requireSupport(on host: inout RouteSocket) throws
}

extension LinkConfiguration {
    package func addresses(givenBefore invocation: Invocation) throws -> CNIResult? { nil }
}
