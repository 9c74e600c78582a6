import Addressing
package import JSON

/// A range as a configuration spells it.
struct WrittenRange: JSONReadable {
    private let subnet: InterfaceAddress
    private let start: IPAddress?
    private let end: IPAddress?
    private let gateway: IPAddress?
    /// Where it stands in the configuration.
    private let path: String

    init(reading reader: JSONReader) throws(JSONError) {
        path = reader.path
        let written: JSONReader = try reader.required("subnet")
        guard let text = written.value.string else { throw written.expected("a network such as 10.1.0.0/16") }
        guard let subnet = InterfaceAddress(text) else { throw written.fail("invalid CIDR address: \(text)") }
        self.subnet = subnet
        start = try reader.optional("rangeStart", as: WrittenAddress.self)?.address
        end = try reader.optional("rangeEnd", as: WrittenAddress.self)?.address
        gateway = try reader.optional("gateway", as: WrittenAddress.self)?.address
    }

    /// - Throws: what is wrong, with the path of the member.
    func canonical() throws(WrittenRangeSet.Defect) -> AddressRange {
        do {
            return try AddressRange(subnet: subnet, start: start, end: end, gateway: gateway)
        } catch {
            throw WrittenRangeSet.Defect(path: "\(path).\(error.member)", message: error.message)
        }
    }
}

/// Ranges that give one address together, as a configuration spells them.
package struct WrittenRangeSet: JSONReadable {
    private let ranges: [WrittenRange]
    private let path: String

    /// Why no set can be made of what is written.
    package struct Defect: Error, Hashable {
        /// Where it stands in the configuration.
        package let path: String
        package let message: String
    }

    package init(reading reader: JSONReader) throws(JSONError) {
        ranges = try [WrittenRange](reading: reader)
        path = reader.path
    }

    /// The set of one range that older configurations write straight into `ipam`.
    package init(legacy ipam: JSONReader) throws(JSONError) {
        ranges = [try WrittenRange(reading: ipam)]
        path = ipam.path
    }

    /// - Throws: what is wrong, with its path.
    package func canonical(without exclusions: Exclusions) throws(Defect) -> RangeSet {
        let ranges = try ranges.map { (range) throws(Defect) in try range.canonical() }
        do {
            return try RangeSet(ranges, exclusions: exclusions)
        } catch {
            throw Defect(path: path, message: error.message)
        }
    }
}

/// An address where the empty string means none.
private struct WrittenAddress: JSONReadable {
    let address: IPAddress?

    init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string else { throw reader.expected("an IP address such as 10.1.0.1") }
        address = IPAddress(text)
        guard address != nil || text.isEmpty else { throw reader.fail("invalid IP address: \(text)") }
    }
}
