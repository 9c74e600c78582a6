package import Addressing

/// An address and what comes with it, as a server acknowledged it.
package struct DHCPLease: Hashable, Sendable {
    /// All that the server said.
    package let acknowledgement: DHCPMessage
    /// Who sent its frame: the server, or the router that leads to it.
    package let serverHardwareAddress: MACAddress
    /// When it was asked for, in the client's milliseconds.
    package let start: Int
    package let address: InterfaceAddress
    package let server: IPv4Address

    /// What an acknowledgement lacks.
    package struct Incomplete: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// - Throws: when there is no server, or no address with a mask of one piece.
    package init(
        _ acknowledgement: DHCPMessage, from hardwareAddress: MACAddress, at start: Int
    ) throws(Incomplete) {
        self.acknowledgement = acknowledgement
        serverHardwareAddress = hardwareAddress
        self.start = start
        guard let server = acknowledgement.server else { throw Incomplete(description: "no server (option 54)") }
        guard let mask = acknowledgement.options.address(DHCPOption.subnetMask)?.rawValue else {
            throw Incomplete(description: "no subnet mask (option 1)")
        }
        let length = (~mask).leadingZeroBitCount
        guard acknowledgement.yourAddress.isUsableByHost, length > 0, ~mask & (~mask &+ 1) == 0,
            let address = InterfaceAddress(.v4(acknowledgement.yourAddress), prefixLength: length)
        else {
            throw Incomplete(
                description:
                    "no usable address: \(acknowledgement.yourAddress) with mask \(IPv4Address(rawValue: mask))")
        }
        self.server = server
        self.address = address
    }
}

/// When it is to be extended.
extension DHCPLease {
    /// When the server that gave it is asked to extend it, and when any is, and when it ends; in the client's milliseconds.
    package struct Times: Hashable, Sendable {
        package let renewal: Int
        package let rebinding: Int
        package let expiry: Int

        /// When any server is asked for the same address as for a new lease.
        var reclaiming: Int { (rebinding + expiry) / 2 }
    }

    /// Seconds of a lease whose server does not say, as in the reference.
    private static let defaultSeconds: UInt32 = 3600
    /// Seconds that a lease has at least: shorter ones are no use to anybody, and would keep client and server busy.
    private static let leastSeconds: UInt32 = 2

    /// Nil when it never ends.
    package var times: Times? {
        let options = acknowledgement.options
        let seconds = options.number(DHCPOption.leaseTime, as: UInt32.self) ?? Self.defaultSeconds
        guard seconds != .max else { return nil }
        let duration = Int(max(seconds, Self.leastSeconds)) * 1000
        // RFC 2131, section 4.4.5.
        var renewal = duration / 2
        var rebinding = duration / 8 * 7
        if let seconds = options.number(DHCPOption.rebindingTime, as: UInt32.self),
            1000..<duration ~= Int(seconds) * 1000
        {
            rebinding = Int(seconds) * 1000
        }
        if let seconds = options.number(DHCPOption.renewalTime, as: UInt32.self), 1000..<duration ~= Int(seconds) * 1000
        {
            renewal = Int(seconds) * 1000
        }
        return Times(
            renewal: start + min(renewal, rebinding), rebinding: start + rebinding, expiry: start + duration)
    }
}

/// What the interface's user is told.
extension DHCPLease {
    package struct Route: Hashable, Sendable {
        package let destination: CIDR
        /// `0.0.0.0` for what is on the link.
        package let router: IPv4Address

        package init(to destination: CIDR, via router: IPv4Address) {
            self.destination = destination
            self.router = router
        }
    }

    /// The first router, which is the gateway.
    package var router: IPv4Address? {
        acknowledgement.options.addresses(DHCPOption.routers).first { $0.isUsableByHost }
    }

    /// Those of option 121, which others are not looked at beside: RFC 3442; else those of option 33, and the default
    /// route by the first router.
    package var routes: [Route] {
        let options = acknowledgement.options
        let classless = Self.classlessRoutes(options[DHCPOption.classlessRoutes] ?? [])
        guard classless.isEmpty else { return classless }
        let pairs = options.addresses(DHCPOption.staticRoutes)
        var routes = stride(from: 0, to: pairs.count - pairs.count % 2, by: 2).compactMap { index in
            Self.route(to: pairs[index], Self.classfulLength(pairs[index]), via: pairs[index + 1])
        }
        if let router { routes += Self.route(to: .unspecified, 0, via: router).map { [$0] } ?? [] }
        return routes
    }

    /// A prefix length, as many bytes of the destination as that takes, and the router; what is cut off ends the list.
    private static func classlessRoutes(_ bytes: [UInt8]) -> [Route] {
        var routes: [Route] = []
        var rest = bytes[...]
        while let length = rest.popFirst(), length <= 32 {
            let significant = (Int(length) + 7) / 8
            guard rest.count >= significant + 4 else { break }
            let destination = Array(rest.prefix(significant)) + [UInt8](repeating: 0, count: 4 - significant)
            let router = Array(rest.dropFirst(significant).prefix(4))
            rest = rest.dropFirst(significant + 4)
            if let destination = IPv4Address(bytes: destination.span), let router = IPv4Address(bytes: router.span),
                let route = route(to: destination, Int(length), via: router)
            {
                routes.append(route)
            }
        }
        return routes
    }

    private static func route(to destination: IPv4Address, _ length: Int, via router: IPv4Address) -> Route? {
        guard router.isUsableByHost || router == .unspecified else { return nil }
        return CIDR(containing: .v4(destination), prefixLength: length).map { Route(to: $0, via: router) }
    }

    /// RFC 791, section 3.2.
    private static func classfulLength(_ address: IPv4Address) -> Int {
        switch address.rawValue >> 24 {
        case 0..<128: 8
        case 128..<192: 16
        default: 24
        }
    }

    package var nameServers: [IPv4Address] {
        acknowledgement.options.addresses(DHCPOption.nameServers).filter { $0 != .unspecified }
    }

    /// Nil when the server gives none, or what is no name.
    package var domain: String? {
        acknowledgement.options.text(DHCPOption.domainName).flatMap { DomainName.isValid($0) ? $0 : nil }
    }

    package var searchDomains: [String] {
        DomainName.list(acknowledgement.options[DHCPOption.domainSearch] ?? [])
    }

    /// Bytes of payload in a frame; nil when the server does not say, or less than RFC 2132 lets it.
    package var mtu: UInt16? {
        acknowledgement.options.number(DHCPOption.interfaceMTU).flatMap { $0 >= 68 ? $0 : nil }
    }
}
