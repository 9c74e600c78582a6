import CNI
import JSON
import LinuxSystem
import PluginKit
import RouteNetlink

/// What the configuration says about the VRF.
struct VRFConfiguration {
    private let name: String
    /// Nil: the lowest that no other VRF of the container has.
    private let table: UInt32?

    /// - Throws: code 7 with the member that will not do.
    init(_ configuration: NetworkConfiguration) throws {
        let name: String = try configuration.reader.optional("vrfname") ?? ""
        guard InterfaceName.fault(of: name) == nil else {
            throw CNIError(.invalidConfiguration, "configuration is expected to have a valid vrf name")
        }
        self.name = name
        let table: UInt32 = try configuration.reader.optional("table") ?? 0
        self.table = table == 0 ? nil : table
    }

    /// The name alone, which DEL needs; nil where there is none.
    static func name(in configuration: NetworkConfiguration) -> String? {
        try? configuration.reader.optional("vrfname")
    }

    /// Takes the VRF, making it where there is none, and sees that it is up.
    ///
    /// - Returns: the VRF.
    /// - Throws: code 7 when another kind of link has the name, or the VRF has another table; what the kernel refused.
    func ensureVRF(
        in container: inout ContainerSide, for invocation: Invocation, _ rollback: inout Rollback
    ) throws -> Link {
        let links = try container.socket.links()
        let vrf: Link
        if let existing = links.first(where: { $0.name == name }) {
            try requireUsable(existing)
            vrf = existing
        } else {
            let table = table ?? Self.firstFreeTable(besides: Set(links.compactMap { $0.vrf?.table }))
            try container.socket.perform(.create(NewLink(name: name), VRFOptions(table: table)))
            let name = name
            rollback.register("delete \(name)") {
                guard let namespace = invocation.namespaceIfPresent() else { return }
                var container = try RouteSocket(in: namespace)
                try container.deleteLink(named: name)
            }
            vrf = try container.socket.linkJustMade(name)
        }
        var up = LinkChange()
        up.isUp = true
        if !vrf.isUp { try container.socket.perform(.change(vrf.index, name, to: up)) }
        return vrf
    }

    /// Looks for the VRF.
    func inspectVRF(
        in container: inout RouteSocket, _ differences: inout Differences
    ) throws(SystemError) -> Link? {
        guard let link = try container.link(named: name) else {
            differences.note("VRF \(name) not found")
            return nil
        }
        do throws(CNIError) {
            try requireUsable(link)
        } catch {
            differences.note(error.message)
            return nil
        }
        if !link.isUp { differences.note("VRF \(name) is down") }
        return link
    }

    private func requireUsable(_ link: Link) throws(CNIError) {
        guard let present = link.vrf else {
            throw CNIError(.invalidConfiguration, "Netlink \(name) is not a VRF")
        }
        if let table, let other = present.table, other != table {
            throw CNIError(
                .invalidConfiguration, "VRF \(name) already exist with different routing table \(other)")
        }
    }

    /// The lowest table that no VRF has, nor the kernel: main, local and default of rt_tables.
    static func firstFreeTable(besides taken: Set<UInt32>) -> UInt32 {
        let own: ClosedRange<UInt32> = 253...255
        return (1...UInt32.max).first { !taken.contains($0) && !own.contains($0) } ?? .max
    }
}
