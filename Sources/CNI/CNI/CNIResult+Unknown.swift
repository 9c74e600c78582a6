import JSON

/// What a previous result has beside what this suite knows, so that a chained plugin passes on all of it.
extension CNIResult {
    /// Takes over, at each level, the members that reading left out.
    mutating func keepUnknownMembers(of document: JSONObject, _ shape: Shape) {
        unknown = document.without(["cniVersion", "interfaces", "ips", "ip4", "ip6", "routes", "dns"])
        dns.unknown = (document["dns"]?.object ?? [:]).without(["nameservers", "domain", "search", "options"])
        switch shape {
        case .onePerFamily:
            let families = ["ip4", "ip6"].compactMap { document[$0]?.object }
            keepUnknownMembers(ofAddresses: families, routes: families.flatMap { $0.objects("routes") })
        case .versionedAddresses, .plainAddresses:
            for (index, interface) in zip(interfaces.indices, document.objects("interfaces")) {
                interfaces[index].unknown = interface.without(
                    ["name", "mac", "sandbox", "mtu", "socketPath", "pciID"])
            }
            keepUnknownMembers(ofAddresses: document.objects("ips"), routes: document.objects("routes"))
        }
    }

    private mutating func keepUnknownMembers(ofAddresses ips: [JSONObject], routes others: [JSONObject]) {
        for (index, address) in zip(addresses.indices, ips) {
            addresses[index].unknown = address.without(
                ["version", "address", "ip", "gateway", "interface", "routes"])
        }
        for (index, route) in zip(routes.indices, others) {
            routes[index].unknown = route.without(["dst", "gw", "mtu", "advmss", "priority", "table", "scope"])
        }
    }
}

extension JSONObject {
    /// The elements of a list, which have been read as objects before.
    fileprivate func objects(_ name: String) -> [JSONObject] {
        (self[name]?.array ?? []).compactMap(\.object)
    }
}
