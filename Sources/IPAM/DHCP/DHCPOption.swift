/// The number of an option: RFC 2132, and later ones where they are named.
package enum DHCPOption {
    package static let subnetMask: UInt8 = 1
    package static let routers: UInt8 = 3
    package static let nameServers: UInt8 = 6
    package static let hostName: UInt8 = 12
    package static let domainName: UInt8 = 15
    package static let interfaceMTU: UInt8 = 26
    package static let staticRoutes: UInt8 = 33
    package static let requestedAddress: UInt8 = 50
    package static let leaseTime: UInt8 = 51
    package static let overload: UInt8 = 52
    package static let messageType: UInt8 = 53
    package static let server: UInt8 = 54
    package static let requestedOptions: UInt8 = 55
    package static let message: UInt8 = 56
    package static let maximumSize: UInt8 = 57
    package static let renewalTime: UInt8 = 58
    package static let rebindingTime: UInt8 = 59
    package static let vendorClass: UInt8 = 60
    package static let clientID: UInt8 = 61
    /// RFC 3004.
    package static let userClass: UInt8 = 77
    /// RFC 3397.
    package static let domainSearch: UInt8 = 119
    /// RFC 3442.
    package static let classlessRoutes: UInt8 = 121

    static let padding: UInt8 = 0
    static let end: UInt8 = 255

    /// Names by which configurations may call some, as in the reference.
    private static let names: [String: UInt8] = [
        "dhcp-client-identifier": clientID, "subnet-mask": subnetMask, "routers": routers, "host-name": hostName,
        "user-class": userClass, "vendor-class-identifier": vendorClass,
    ]

    /// The number that a name or a decimal number stands for; nil for what is no option.
    package static func number(named text: String) -> UInt8? {
        if let number = names[text] { return number }
        guard let number = UInt8(text), number != padding, number != end else { return nil }
        return number
    }

    /// Those that a client sets itself to what the protocol needs.
    package static let ownToProtocol: Set = [requestedAddress, overload, messageType, server, requestedOptions]
}
