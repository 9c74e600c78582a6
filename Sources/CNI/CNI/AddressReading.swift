public import Addressing
public import JSON

extension IPAddress: JSONReadable {
    public init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string, let address = IPAddress(text) else {
            throw reader.expected("an IP address such as 10.1.0.1")
        }
        self = address
    }
}

extension CIDR: JSONReadable {
    /// Host bits, which the kernel would not take either, are dropped.
    public init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string, let network = CIDR(text) else {
            throw reader.expected("a network such as 10.1.0.0/16")
        }
        self = network
    }
}

extension InterfaceAddress: JSONReadable {
    public init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string, let address = InterfaceAddress(text) else {
            throw reader.expected("an address with a prefix length such as 10.1.0.5/16")
        }
        self = address
    }
}

extension MACAddress: JSONReadable {
    public init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string, let address = MACAddress(text) else {
            throw reader.expected("a MAC address such as 02:00:00:00:00:01")
        }
        self = address
    }
}

extension JSONReader {
    /// Reads an address where the empty string means none.
    ///
    /// - Throws: an error of the member's own when it is something else than an address.
    public func optionalAddress(_ name: String) throws(JSONError) -> IPAddress? {
        try optional(name, as: JSONValue.self) == "" ? nil : try optional(name)
    }
}
