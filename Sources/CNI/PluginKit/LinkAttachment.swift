import CNI
import ContainerLinks
import LinuxSystem
import RouteNetlink

/// The attachment of a container by one link, in the making: what is open for it, and what has to be undone unless it
/// succeeds.
struct LinkAttachment: ~Copyable {
    private let invocation: Invocation
    private let given: CNIResult?
    private var host: RouteSocket
    private var container: ContainerSide
    private var ipam: AddressRequest
    private var rollback = Rollback(report: StandardStreams.log)

    /// Reads and opens all that is needed, and changes nothing.
    init(_ invocation: Invocation, _ configuration: some LinkConfiguration) throws {
        let given = try configuration.addresses(givenBefore: invocation)
        let ipam = try AddressRequest(invocation.configuration)
        let container = try ContainerSide(invocation)
        let host = try RouteSocket()
        self.invocation = invocation
        self.given = given
        self.host = host
        self.container = container
        self.ipam = ipam
    }

    /// Starts IPAM's process, which is ready for its configuration by the time the link is made.
    mutating func startIPAM() throws {
        try container.socket.requireFreeName(invocation.interfaceName)
        if given == nil { try ipam.start() }
    }

    /// Makes the link, still down, and has IPAM go on.
    mutating func makeLink<Configuration: LinkConfiguration>(_ configuration: Configuration) throws -> Link {
        let link = try configuration.makeLink(for: invocation, on: &host, in: &container, &rollback)
        let invocation = invocation
        try ipam.proceed(&rollback) { try invocation.silenceLink(of: Configuration.kind) }
        return link
    }

    /// Waits for what IPAM says, unless it is known already.
    mutating func takeAddresses() throws -> CNIResult {
        guard var given else { return try ipam.result(forInterfaceAt: 0) }
        try Interruption.check()
        for index in given.addresses.indices { given.addresses[index].interface = 0 }
        return given
    }

    /// Brings the link up with its addresses and routes, and says whose it is.
    mutating func configure(_ link: Link, for result: CNIResult) throws {
        try result.requireSufficientMTU(link.mtu)
        try container.bringUp(
            link, for: result, alias: link.alias ?? invocation.attachment.alias(pod: PodName(invocation.arguments)))
    }

    /// Keeps what was made, once IPAM's process has ended, which went on beside all the rest.
    ///
    /// - Throws: when it failed after all; code 11 when a signal asked this process to end; nothing is kept then.
    consuming func commit() throws {
        try ipam.finish()
        rollback.commit()
    }
}
