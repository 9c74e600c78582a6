package import Addressing

extension IPAddress: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self = try reader.parsed("an IP address such as 10.1.0.1") { IPAddress($0) }
    }
}

extension CIDR: JSONReadable {
    /// Host bits, which the kernel would not take either, are dropped.
    package init(reading reader: JSONReader) throws(JSONError) {
        self = try reader.parsed("a network such as 10.1.0.0/16") { CIDR($0) }
    }
}

extension InterfaceAddress: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self = try reader.parsed("an address with a prefix length such as 10.1.0.5/16") { InterfaceAddress($0) }
    }
}

extension MACAddress: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self = try reader.parsed("a MAC address such as 02:00:00:00:00:01") { MACAddress($0) }
    }
}

extension JSONReader {
    /// Reads an address where the empty string means none.
    ///
    /// - Throws: an error of the member's own when it is something else than an address.
    package func optionalAddress(_ name: String) throws(JSONError) -> IPAddress? {
        try optional(name, as: JSONValue.self) == "" ? nil : try optional(name)
    }

    /// Reads a MAC address where the empty string means none.
    ///
    /// - Throws: an error of the member's own when it is something else than an address.
    package func optionalMAC(_ name: String) throws(JSONError) -> MACAddress? {
        try optional(name, as: JSONValue.self) == "" ? nil : try optional(name)
    }

    /// Reads a text that stands for something, which an error describes.
    fileprivate func parsed<Value>(_ what: String, _ parse: (String) -> Value?) throws(JSONError) -> Value {
        guard let value = self.value.string.flatMap(parse) else { throw expected(what) }
        return value
    }
}
