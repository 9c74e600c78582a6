import Addressing
import CNI
import Flannel
import JSON

/// The delegate's configuration.
extension FlannelConfiguration {
    /// What ADD hands to the delegate.
    ///
    /// - Throws: code 7 for a `delegate` or `ipam.routes` that will not do.
    func rendering(on node: SubnetFile) throws(CNIError) -> DelegateConfiguration {
        try rendering(defaults: node.defaults, subnets: node.subnets, routes: try userRoutes() + node.routes)
    }

    /// What ADD may have handed to the delegate, as far as it can still be told.
    ///
    /// The previous result knows the container's subnet better than the daemon's file, which may have another one by now
    /// or be gone. Without the file the delegate is to look for masquerade: not finding any does no harm.
    func renderingAgain() throws(CNIError) -> DelegateConfiguration {
        let previous = (try? network.previousResult())?.addresses.map(\.address.network) ?? []
        let node = try? subnetFile()
        return try rendering(
            defaults: node?.defaults ?? ["ipMasq": true],
            subnets: previous.isEmpty ? node?.subnets ?? [] : previous,
            routes: ((try? userRoutes()) ?? []) + (node?.routes ?? []))
    }

    private func rendering(
        defaults: JSONObject, subnets: [CIDR], routes: [JSONValue]
    ) throws(CNIError) -> DelegateConfiguration {
        let rendering = try DelegateConfiguration(
            of: network, by: FlannelPlugin.name, reserving: ["name", "ipam"], defaults: defaults)
        var ipam = ipam
        ipam.setDefault("type", "host-local")
        // A set of ranges gives one address, so each family has its own.
        if !subnets.isEmpty { ipam["ranges"] = .array(subnets.map { [["subnet": .string("\($0)")]] }) }
        ipam["routes"] = .array(routes)
        return rendering.setting(["ipam": .object(ipam)])
    }

    private func userRoutes() throws(CNIError) -> [JSONValue] {
        guard ipam.value(ofExactly: "routes") != nil else { return [] }
        do throws(JSONError) {
            let reader = JSONReader(.object(ipam), path: "ipam")
            return try reader.optional("routes", as: [WrittenRoute].self)?.map { .object($0.object) } ?? []
        } catch {
            throw CNIError(
                .invalidConfiguration,
                "failed to assemble Delegate IPAM: failed to read IPAM routes: failed to parse ipam.routes: \(error)")
        }
    }
}

extension SubnetFile {
    /// Members for where `delegate` says nothing, whatever its type.
    fileprivate var defaults: JSONObject {
        ["ipMasq": .bool(!daemonMasquerades), "mtu": .number(JSONNumber(mtu))]
    }

    fileprivate var routes: [JSONValue] { networks.map { ["dst": .string("\($0)")] } }
}

/// A route that the user wants: the members that CNI knows, as they are written.
private struct WrittenRoute: JSONReadable {
    var object: JSONObject = [:]

    init(reading reader: JSONReader) throws(JSONError) {
        _ = try CNIResult.Route(reading: reader)
        let written = try JSONObject(reading: reader)
        for name in ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"] { object[name] = written[name] }
    }
}
