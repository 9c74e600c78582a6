import Addressing
import CNI
import ContainerLinks
import JSON
import NodeTable

/// What the delegate is told, which by default is `bridge` with `host-local`.
extension DelegateConfiguration {
    /// For a node's containers.
    ///
    /// - Throws: code 7 for a `delegate` or an `ipam` that will not do.
    init(_ input: NetworkConfiguration, _ configuration: VXLANConfiguration, on node: Node, mtu: UInt32) throws {
        try self.init(
            input, ranges: node.shares.map(\.hostLocalRange),
            routes: configuration.mode.isRouted ? configuration.networks : [],
            defaults: ["mtu": .number(JSONNumber(mtu))])
        let ipam = object["ipam"]?.object
        guard ipam?["type"] != "host-local" || ipam?.contains("ranges") == true || ipam?.contains("subnet") == true
        else {
            throw CNIError(
                .invalidConfiguration,
                (configuration.nodesFile.map { "nodesFile \($0): " } ?? "")
                    + "\(node.place), \(node.title): no \"range\" for host-local to give addresses of; add it, or configure \"ipam\""
            )
        }
        guard configuration.mode.isRouted || type == "bridge" else {
            throw CNIError(.invalidConfiguration, "delegate.type: mode \"segment\" needs \"bridge\", got \"\(type)\"")
        }
    }

    /// For removing containers, whatever is wrong with the rest of the configuration: any range will do.
    init(removing input: NetworkConfiguration) throws {
        let networks = (try? input.reader.optional("network", as: OneOrMore<CIDR>.self))?.elements ?? []
        try self.init(input, ranges: networks.map { ["subnet": .string("\($0)")] }, routes: [], defaults: [:])
    }

    /// The bridge that containers hang on; nil where the delegate makes none.
    var bridge: String? {
        type == "bridge" ? object["bridge"]?.string ?? Bridge.defaultName : nil
    }

    /// The interfaces that may have gateways of its containers, now or from before the configuration changed.
    var gatewayInterfaces: [String] {
        guard let bridge else { return [] }
        return [bridge] + (gatewayInterface.map { $0 == bridge ? [] : [$0] } ?? [])
    }

    /// The interface that has its containers' gateway; nil where it is not this host's.
    var gatewayInterface: String? {
        guard let bridge, object["isGateway"] == true || object["isDefaultGateway"] == true else { return nil }
        guard let vlan: UInt16 = object["vlan"]?.number?.integer(), vlan != 0 else { return bridge }
        return VLANGateway.name(bridge: bridge, vlan: vlan)
    }

    /// Bytes that a packet of its containers may have; nil where it is told none.
    var mtu: UInt32? {
        object["mtu"]?.number?.integer()
    }

    private init(
        _ input: NetworkConfiguration, ranges: [JSONObject], routes: [CIDR], defaults: JSONObject
    ) throws {
        let reader = input.reader
        var defaults = defaults
        // Traffic inside the overlay keeps its addresses; the rest is masqueraded by vxlan itself.
        defaults["ipMasq"] = false
        let delegate: JSONReader? = try reader.optional("delegate")
        if try delegate?.optional("isGateway", as: JSONValue.self) == nil {
            // Where the addresses are not the node's own, all nodes would have the same gateway.
            defaults[ranges.isEmpty ? "isGateway" : "isDefaultGateway"] = .bool(!ranges.isEmpty)
        }
        for name in ["bridge", "hairpinMode"] {
            if let value: JSONValue = try reader.optional(name) { defaults[name] = value }
        }
        let ipam: JSONObject = try delegate?.optional("ipam") ?? reader.optional("ipam") ?? [:]
        self = try DelegateConfiguration(of: input, by: "vxlan", reserving: ["name"], defaults: defaults)
            .setting(["ipam": .object(try Self.completed(ipam, ranges: ranges, routes: routes))])
    }

    /// Gives `host-local` the node's addresses and the routes into the overlay; others' configuration is their users'.
    private static func completed(
        _ ipam: JSONObject, ranges: [JSONObject], routes: [CIDR]
    ) throws(JSONError) -> JSONObject {
        var ipam = ipam
        let type = ipam["type"] ?? "host-local"
        guard type == "host-local" else { return ipam }
        ipam["type"] = type
        if !ipam.contains("ranges") && !ipam.contains("subnet") && !ranges.isEmpty {
            ipam["ranges"] = .array(ranges.map { [.object($0)] })
        }
        if !routes.isEmpty {
            let reader = JSONReader(.object(ipam), path: "ipam")
            let own = try reader.optional("routes", as: [JSONValue].self) ?? []
            ipam["routes"] = .array(own + routes.map { ["dst": .string("\($0)")] })
        }
        return ipam
    }
}

extension Node.Share {
    /// As host-local takes it, whose gateway is the first address.
    fileprivate var hostLocalRange: JSONObject {
        if let subnet { return ["subnet": .string("\(subnet)")] }
        let first = JSONValue.string("\(range.first)")
        return [
            "subnet": .string("\(network)"), "rangeStart": first, "rangeEnd": .string("\(range.last)"),
            "gateway": first,
        ]
    }
}
