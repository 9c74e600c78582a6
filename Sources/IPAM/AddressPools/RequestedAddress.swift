package import Addressing
package import JSON

/// An address that the runtime asks for; it may have a prefix length behind it, which says nothing here.
package struct RequestedAddress: JSONReadable {
    package let address: IPAddress

    package init?(_ text: String) {
        guard let address = IPAddress(text) ?? InterfaceAddress(text)?.address else { return nil }
        self.address = address
    }

    package init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string else { throw reader.expected("an IP address such as 10.1.0.5") }
        guard let address = RequestedAddress(text) else { throw reader.fail("invalid IP address \(text)") }
        self = address
    }
}
