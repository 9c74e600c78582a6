import Addressing
package import JSON

extension CNIResult {
    /// Reads a result of any version; without a version of its own it has the configuration's.
    ///
    /// - Throws: an error with the place of what cannot be read, or of an unknown version.
    package init(reading reader: JSONReader, defaultVersion: CNIVersion) throws(JSONError) {
        let version = try Self.version(of: reader) ?? defaultVersion
        self.init()
        dns = try reader.optional("dns") ?? DNS()
        switch version.shape {
        case .onePerFamily:
            for name in ["ip4", "ip6"] {
                guard let family = try reader.optional(name, as: JSONReader.self) else { continue }
                addresses.append(Address(try family.required("ip"), gateway: try family.optionalAddress("gateway")))
                routes += try family.optional("routes") ?? []
            }
        case .versionedAddresses, .plainAddresses:
            interfaces = try reader.optional("interfaces") ?? []
            addresses = try reader.optional("ips") ?? []
            routes = try reader.optional("routes") ?? []
        }
    }

    /// Reads a `prevResult`, which must be of the configuration's kind.
    ///
    /// Members that this suite does not know are kept.
    ///
    /// - Throws: as above, and when the version it carries has another form than the configuration's.
    init(readingPrevious reader: JSONReader, version: CNIVersion) throws(JSONError) {
        if let own = try Self.version(of: reader), own.shape != version.shape {
            let supported = CNIVersion.allCases.filter { $0.shape == version.shape }.map(\.rawValue)
            throw reader.fail(
                "could not parse prevResult: result type supports [\(supported.joined(separator: " "))] "
                    + "but unmarshalled CNIVersion is \"\(own.rawValue)\"")
        }
        try self.init(reading: reader, defaultVersion: version)
        keepUnknownMembers(of: try JSONObject(reading: reader), version.shape)
    }

    private static func version(of reader: JSONReader) throws(JSONError) -> CNIVersion? {
        guard let text: String = try reader.optional("cniVersion"), !text.isEmpty else { return nil }
        guard let version = CNIVersion(rawValue: text) else {
            throw reader.fail("unsupported CNI result version \"\(text)\"")
        }
        return version
    }
}

extension CNIResult.Interface: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self.init(
            name: try reader.optional("name") ?? "", mac: try reader.optional("mac"),
            sandbox: try reader.optional("sandbox"))
        mtu = try reader.optional("mtu")
        socketPath = try reader.optional("socketPath")
        pciID = try reader.optional("pciID")
    }
}

extension CNIResult.Address: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self.init(
            try reader.required("address"), gateway: try reader.optionalAddress("gateway"),
            interface: try reader.optional("interface"))
    }
}

extension CNIResult.Route: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self.init(to: try reader.required("dst"), via: try reader.optionalAddress("gw"))
        mtu = try reader.optional("mtu")
        advertisedMSS = try reader.optional("advmss")
        priority = try reader.optional("priority")
        table = try reader.optional("table")
        scope = try reader.optional("scope")
    }
}

extension CNIResult.DNS: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self.init()
        nameservers = try reader.optional("nameservers") ?? []
        domain = try reader.optional("domain")
        search = try reader.optional("search") ?? []
        options = try reader.optional("options") ?? []
    }
}
