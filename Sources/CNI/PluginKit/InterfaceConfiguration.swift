package import Addressing
package import CNI
package import JSON

/// The members of a configuration that all interface plugins read alike.
extension NetworkConfiguration {
    /// `ipam.type`; nil where the network has no addresses.
    ///
    /// - Throws: an error with the place of what will not do.
    package func ipamType() throws(JSONError) -> String? {
        let type: String? = try reader.optional("ipam", as: JSONReader.self)?.optional("type")
        return type.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether the IPAM plugin speaks with a server by the container's interface, which has to pass packets until its DEL
    /// or GC has run.
    package var ipamUsesInterface: Bool { (try? ipamType()) == "dhcp" }

    /// `mtu` in bytes; nil, which is also what 0 means, for the kernel's default.
    ///
    /// - Throws: code 7 for one that no veth can have.
    package func mtu() throws -> UInt32? {
        guard let mtu: UInt32 = try reader.optional("mtu"), mtu != 0 else { return nil }
        guard Self.mtuRange.contains(mtu) else {
            throw CNIError(
                .invalidConfiguration,
                "mtu: expected a number from \(Self.mtuRange.lowerBound) to \(Self.mtuRange.upperBound), got \(mtu)")
        }
        return mtu
    }

    /// `mac`, which what the runtime asks for goes before; nil, which is also what no text means, for one of the kernel's.
    ///
    /// - Throws: an error for text that is none, code 7 for a group's address.
    package func mac() throws -> MACAddress? {
        try reader.optionalMAC("mac").map { mac in try mac.usable() }
    }

    /// What the kernel lets a veth have.
    private static let mtuRange: ClosedRange<UInt32> = 68...65535

    /// `dns`, which takes the place of what IPAM says; nil where the configuration has none.
    ///
    /// - Throws: an error with the place of what will not do.
    package func dns() throws(JSONError) -> CNIResult.DNS? {
        guard let object: JSONObject = try reader.optional("dns") else { return nil }
        // An empty list counts: it takes away what IPAM says.
        let isGiven = ["nameservers", "domain", "search", "options"].contains { object[$0] ?? .null != .null }
        return isGiven ? try reader.required("dns") : nil
    }
}

extension Invocation {
    /// The MAC address that the container's interface is to have: of `runtimeConfig`, else `args.cni`, else `CNI_ARGS`.
    ///
    /// - Throws: for text that is none, and for a group's address, which no interface can have.
    package func requestedMAC() throws -> MACAddress? {
        let fromArguments = try arguments.values(knowing: ["MAC"])["MAC"]
        for source in [try configuration.runtimeConfiguration(), try configuration.conventionalArguments()] {
            if let mac: MACAddress = try source?.optional("mac") { return try mac.usable() }
        }
        return try fromArguments.flatMap { text in try MACAddress(ofArguments: text) }
    }
}

extension MACAddress {
    /// Reads `MAC=` of `CNI_ARGS`, where the empty text means none.
    ///
    /// - Throws: code 4 for text that is none, 7 for a group's address.
    package init?(ofArguments text: String) throws(CNIError) {
        guard !text.isEmpty else { return nil }
        guard let mac = MACAddress(text) else {
            throw CNIError(
                .invalidEnvironment, "CNI_ARGS: expected MAC to be an address such as 02:00:00:00:00:01",
                details: text)
        }
        self = try mac.usable()
    }

    /// The address itself.
    ///
    /// - Throws: code 7 for a group's address, which no interface can have.
    package func usable() throws(CNIError) -> MACAddress {
        guard !isMulticast, !isZero else {
            throw CNIError(.invalidConfiguration, "MAC address \(self) is not one that an interface can have")
        }
        return self
    }
}

extension CNIResult {
    /// - Parameter mtu: that of the interface, as far as the configuration says it.
    /// - Throws: code 7 when the addresses are more than the MTU allows.
    package func requireSufficientMTU(_ mtu: UInt32?) throws(CNIError) {
        guard let mtu, mtu < Self.smallestIPv6MTU, hasAddress(of: .v6) else { return }
        throw CNIError(
            .invalidConfiguration,
            "mtu: expected \(Self.smallestIPv6MTU) or more, which IPv6 needs (RFC 8200, section 5), got \(mtu)")
    }

    /// Whether one of the addresses is of a family.
    package func hasAddress(of family: AddressFamily) -> Bool {
        addresses.contains { $0.address.address.family == family }
    }

    private static let smallestIPv6MTU: UInt32 = 1280
}
