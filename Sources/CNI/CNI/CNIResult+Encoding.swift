import Addressing
package import JSON

extension CNIResult {
    /// The document for a version, its members in the reference's order.
    ///
    /// - Throws: code 1 when the version cannot tell a result without addresses, as 0.1.0 and 0.2.0 cannot.
    package func encoded(as version: CNIVersion) throws(CNIError) -> JSONObject {
        var object = JSONObject()
        object["cniVersion"] = .string(version.rawValue)
        switch version.shape {
        case .onePerFamily:
            try encodeOnePerFamily(into: &object)
        case .versionedAddresses:
            object.setList("interfaces", interfaces.map { .object($0.encodedForVersionedAddresses()) })
            object.setList("ips", addresses.map { .object($0.encoded(withVersion: true)) })
            object.setList("routes", routes.map { .object($0.encoded()) })
            object["dns"] = .object(dns.encoded())
        case .plainAddresses:
            if !dns.isEmpty { object["dns"] = .object(dns.encoded().sorted) }
            object.setList("interfaces", interfaces.map { .object($0.encoded().sorted) })
            object.setList("ips", addresses.map { .object($0.encoded(withVersion: false).sorted) })
            object.setList("routes", routes.map { .object($0.encoded().sorted) })
        }
        object.append(unknown)
        return object
    }

    private func encodeOnePerFamily(into object: inout JSONObject) throws(CNIError) {
        for (name, family) in [("ip4", AddressFamily.v4), ("ip6", .v6)] {
            guard let first = addresses.first(where: { $0.address.address.family == family }) else { continue }
            var entry: JSONObject = ["ip": .string("\(first.address)")]
            entry.set("gateway", first.gateway.map { "\($0)" })
            let routes = routes.filter { $0.destination.family == family }
            entry.setList(
                "routes",
                routes.map { route in
                    var simple = Route(to: route.destination)
                    simple.gateway = route.gateway
                    simple.unknown = route.unknown
                    return JSONValue.object(simple.encoded())
                })
            entry.append(first.unknown)
            object[name] = .object(entry)
        }
        guard object.contains("ip4") || object.contains("ip6") else {
            throw CNIError(.incompatibleVersion, "cannot convert: no valid IP addresses")
        }
        object["dns"] = .object(dns.encoded())
    }
}

extension CNIResult.Interface {
    fileprivate func encoded() -> JSONObject {
        var object = encodedForVersionedAddresses()
        object.set("mtu", mtu)
        object.set("socketPath", socketPath)
        object.set("pciID", pciID)
        return object
    }

    /// The members that 0.3.0 to 0.4.0 know.
    fileprivate func encodedForVersionedAddresses() -> JSONObject {
        var object: JSONObject = ["name": .string(name)]
        object.set("mac", mac)
        object.set("sandbox", sandbox)
        object.append(unknown)
        return object
    }
}

extension CNIResult.Address {
    fileprivate func encoded(withVersion: Bool) -> JSONObject {
        var object = JSONObject()
        if withVersion { object["version"] = address.address.family == .v4 ? "4" : "6" }
        if let interface { object["interface"] = .number(JSONNumber(interface)) }
        object["address"] = .string("\(address)")
        object.set("gateway", gateway.map { "\($0)" })
        object.append(unknown)
        return object
    }
}

extension CNIResult.Route {
    fileprivate func encoded() -> JSONObject {
        var object: JSONObject = ["dst": .string("\(destination)")]
        object.set("gw", gateway.map { "\($0)" })
        object.set("mtu", mtu)
        object.set("advmss", advertisedMSS)
        object.set("priority", priority)
        if let table { object["table"] = .number(JSONNumber(table)) }
        if let scope { object["scope"] = .number(JSONNumber(scope)) }
        object.append(unknown)
        return object
    }
}

extension CNIResult.DNS {
    fileprivate func encoded() -> JSONObject {
        var object = JSONObject()
        object.setList("nameservers", nameservers.map { .string($0) })
        object.set("domain", domain)
        object.setList("search", search.map { .string($0) })
        object.setList("options", options.map { .string($0) })
        object.append(unknown)
        return object
    }
}

/// Members that are left out when there is nothing to say.
extension JSONObject {
    fileprivate mutating func append(_ others: JSONObject) {
        for member in others.members { setDefault(member.name, member.value) }
    }

    fileprivate mutating func set(_ name: String, _ text: String?) {
        if let text, !text.isEmpty { self[name] = .string(text) }
    }

    fileprivate mutating func set(_ name: String, _ number: UInt32?) {
        if let number, number != 0 { self[name] = .number(JSONNumber(number)) }
    }

    fileprivate mutating func setList(_ name: String, _ elements: [JSONValue]) {
        if !elements.isEmpty { self[name] = .array(elements) }
    }
}
