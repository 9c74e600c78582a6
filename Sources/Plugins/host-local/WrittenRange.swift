import Addressing
import CNI
import JSON

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

    /// - Throws: code 7, with the path of the member that is wrong as its details.
    func canonical() throws(CNIError) -> AddressRange {
        do {
            return try AddressRange(subnet: subnet, start: start, end: end, gateway: gateway)
        } catch {
            throw CNIError(.invalidConfiguration, error.message, details: "\(path).\(error.member)")
        }
    }
}

/// Ranges that give one address together, as a configuration spells them.
struct WrittenRangeSet: JSONReadable {
    private let ranges: [WrittenRange]
    private let path: String

    init(reading reader: JSONReader) throws(JSONError) {
        ranges = try [WrittenRange](reading: reader)
        path = reader.path
    }

    /// The set of one range that older configurations write straight into `ipam`.
    init(legacy ipam: JSONReader) throws(JSONError) {
        ranges = [try WrittenRange(reading: ipam)]
        path = ipam.path
    }

    /// - Throws: code 7, with the path of what is wrong as its details.
    func canonical(without exclusions: Exclusions) throws(CNIError) -> RangeSet {
        let ranges = try ranges.map { (range) throws(CNIError) in try range.canonical() }
        do {
            return try RangeSet(ranges, exclusions: exclusions)
        } catch {
            throw CNIError(.invalidConfiguration, error.message, details: path)
        }
    }
}

/// An address where the empty string means none.
struct WrittenAddress: JSONReadable {
    let address: IPAddress?

    init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string else { throw reader.expected("an IP address such as 10.1.0.1") }
        address = IPAddress(text)
        guard address != nil || text.isEmpty else { throw reader.fail("invalid IP address: \(text)") }
    }
}
