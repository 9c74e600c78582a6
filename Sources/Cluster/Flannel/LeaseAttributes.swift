package import Addressing
package import JSON

/// What a host tells the others of itself: the value of its lease.
///
/// Members that are not known here, of a later release, are kept and written again.
package struct LeaseAttributes: Hashable, Sendable {
    /// Where the others send its IPv4 packets; nil where it has no IPv4.
    package var publicIP: IPAddress?
    package var publicIPv6: IPAddress?
    /// Empty for the backends `udp` and `alloc`, which write none.
    package var backendType: String
    /// What the backend tells of IPv4 and of IPv6; nil for none.
    package var backendData: JSONValue?
    package var backendV6Data: JSONValue?
    package private(set) var unknown: [JSONObject.Member] = []

    package init(
        publicIP: IPAddress?, publicIPv6: IPAddress?, backendType: String = "", backendData: JSONValue? = nil,
        backendV6Data: JSONValue? = nil
    ) {
        self.publicIP = publicIP
        self.publicIPv6 = publicIPv6
        self.backendType = backendType
        self.backendData = backendData
        self.backendV6Data = backendV6Data
    }

    /// - Throws: an error with the member that will not do.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        try self.init(reading: JSONReader(try JSONValue(parsing: bytes)))
    }

    /// The value with the known members in the reference's order, then the others.
    package var object: JSONObject {
        var object: JSONObject = [
            "PublicIP": .string("\(publicIP ?? .any(.v4))"), "PublicIPv6": publicIPv6.map { .string("\($0)") } ?? .null,
        ]
        if !backendType.isEmpty { object["BackendType"] = .string(backendType) }
        if let backendData { object["BackendData"] = backendData }
        if let backendV6Data { object["BackendV6Data"] = backendV6Data }
        return JSONObject(object.members + unknown)
    }

    /// The address of a family.
    package func address(_ family: AddressFamily) -> IPAddress? {
        switch family {
        case .v4: publicIP
        case .v6: publicIPv6
        }
    }

    /// What the backend tells of a family.
    package func data(_ family: AddressFamily) -> JSONValue? {
        switch family {
        case .v4: backendData
        case .v6: backendV6Data
        }
    }

    /// The same with what another value has that is not known here.
    package func keepingUnknown(of other: LeaseAttributes) -> LeaseAttributes {
        var attributes = self
        attributes.unknown = other.unknown
        return attributes
    }

    /// Whether all that is known here is the same.
    package func tellsTheSame(as other: LeaseAttributes) -> Bool { keepingUnknown(of: other) == other }

    private static let known: Set = ["publicip", "publicipv6", "backendtype", "backenddata", "backendv6data"]
}

extension LeaseAttributes: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        publicIP = try reader.optionalAddress("PublicIP")
        publicIPv6 = try reader.optionalAddress("PublicIPv6")
        if publicIP?.isUnspecified == true { publicIP = nil }
        if publicIPv6?.isUnspecified == true { publicIPv6 = nil }
        for (name, address, family) in [("PublicIP", publicIP, AddressFamily.v4), ("PublicIPv6", publicIPv6, .v6)] {
            guard let address, address.family != family else { continue }
            throw reader.fail("expected an \(family) address, got \(address)", at: name)
        }
        guard publicIP != nil || publicIPv6 != nil else { throw reader.fail("missing", at: "PublicIP") }
        backendType = try reader.optional("BackendType") ?? ""
        backendData = try reader.optional("BackendData")
        backendV6Data = try reader.optional("BackendV6Data")
        unknown = try JSONObject(reading: reader).members.filter { !Self.known.contains($0.name.lowercased()) }
    }
}
