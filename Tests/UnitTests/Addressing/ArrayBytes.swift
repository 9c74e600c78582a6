import Addressing

/// From an array, since a span does not outlive the expression that a test's macro takes apart.
extension IPv4Address {
    init?(array: [UInt8]) { self.init(bytes: array.span) }
}

extension IPv6Address {
    init?(array: [UInt8]) { self.init(bytes: array.span) }
}

extension IPAddress {
    init?(array: [UInt8]) { self.init(bytes: array.span) }
}

extension MACAddress {
    init?(array: [UInt8]) { self.init(bytes: array.span) }
}
