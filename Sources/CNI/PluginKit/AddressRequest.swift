package import CNI
package import LinuxSystem

/// What an interface plugin asks of the IPAM plugin in ADD: a process of its own, which works beside the kernel.
package struct AddressRequest {
    private let delegate: Delegate?
    private var ipam: RunningDelegate?
    private let usesInterface: Bool

    /// Finds the IPAM plugin that a configuration names, if it names one.
    ///
    /// - Throws: code 7 when there is no such plugin; code 1 when the version has no result without addresses and none
    ///   is named.
    package init(_ configuration: NetworkConfiguration) throws {
        delegate = try Delegate.ipam(of: configuration)
        usesInterface = configuration.ipamUsesInterface
        guard delegate != nil || configuration.version >= .v0_3_0 else {
            throw CNIError(.incompatibleVersion, "cannot convert: no valid IP addresses")
        }
    }

    /// Whether there is an IPAM plugin to ask.
    package var isWanted: Bool { delegate != nil }

    /// Starts the process, which is ready for its configuration by the time the interface is made.
    package mutating func start() throws(CNIError) {
        ipam = try delegate?.start(.add)
    }

    /// Lets it go on, now that the interface is there.
    ///
    /// - Parameters:
    ///   - rollback: gives the addresses back.
    ///   - silence: takes the interface down, which comes first, unless their server is told by it: an address that still
    ///     answers is not free.
    /// - Throws: when it has no ear for its configuration.
    package mutating func proceed(
        _ rollback: inout Rollback, silencingBy silence: @escaping () throws -> Void
    ) throws(CNIError) {
        guard let ipam else { return }
        rollback.register("release addresses") { try ipam.abandon() }
        if !usesInterface { rollback.register("take the interface down", silence) }
        try ipam.proceed()
    }

    /// Waits for what it says; a result without addresses where nobody was to be asked.
    ///
    /// - Parameter interface: the container's place in `interfaces`, which has all of them.
    /// - Returns: addresses, routes and DNS.
    /// - Throws: its error, unchanged; code 11 when a signal asked this process to end.
    package mutating func result(forInterfaceAt interface: Int) throws -> CNIResult {
        guard let ipam else {
            try Interruption.check()
            return CNIResult()
        }
        var result = try ipam.result()
        try Interruption.check()
        guard !result.addresses.isEmpty else { throw CNIError(.other, "IPAM plugin returned missing IP config") }
        for index in result.addresses.indices { result.addresses[index].interface = interface }
        return result
    }

    /// Waits until the process has ended, which went on beside all the rest.
    ///
    /// - Throws: when it failed after all; code 11 when a signal asked this process to end.
    package mutating func finish() throws {
        try ipam?.finish()
        try Interruption.check()
    }
}
