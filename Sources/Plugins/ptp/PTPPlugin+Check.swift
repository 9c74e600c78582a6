import Addressing
import CNI
import ContainerLinks
import LinuxSystem
import PluginKit
import RouteNetlink

/// CHECK: CNI specification, section 2.
extension PTPPlugin {
    func check(_ invocation: Invocation) throws {
        let configuration = try PTPConfiguration(invocation.configuration)
        var container = try ContainerInspection(invocation)
        try Delegate.ipam(of: invocation.configuration)?.check()
        var differences = Differences()
        let previous = container.previous
        var end: String?
        if let interface = try container.inspectLink(kind: VethPeer.kind, mayBeDown: false, &differences) {
            end = try inspectHost(leadingTo: interface, previous, &differences)
            try container.inspectAddresses(of: interface, &differences)
            try container.inspectRoutes(&differences)
        }
        try configuration.masquerade.inspect(
            previous.addresses.map(\.address), by: end, of: invocation.attachment, &differences)
        try differences.finish()
    }

    /// - Returns: the interface by which the host sees the container's packets come in.
    private func inspectHost(
        leadingTo interface: Link, _ previous: CNIResult, _ differences: inout Differences
    ) throws -> String? {
        var host = try RouteSocket()
        guard let expected = previous.interfaces.first(where: \.isOnHost),
            let end = try host.link(named: expected.name), end.peer?.index == interface.index,
            interface.peer?.index == end.index
        else {
            differences.note("the host's end of interface \(interface.name) was not found")
            return nil
        }
        differences.compareMAC(of: end, expected, "Interface \(end.name)")
        if !end.isUp { differences.note("Interface \(end.name) is down") }
        let present = try host.addresses(of: end.index)
        for family in AddressFamily.allCases {
            let routes = try host.mainRoutes(family, by: end.index)
            for routed in try previous.routedAddresses() where routed.gateway.family == family {
                if let gateway = routed.gatewayAddress, !present.contains(gateway) {
                    differences.note("Failed to match gateway addr \(gateway) on interface \(end.name)")
                }
                let route = routed.hostRoute(by: end.index)
                if !routes.contains(where: { $0.destination == route.destination }) {
                    differences.note("Expected Route \(route) by \(end.name) not found on the host")
                }
            }
        }
        return try host.packetInput(of: end)
    }
}
