import Addressing
import JSON

/// A node's addresses in a segment, written as `10.244.0.10-10.244.0.99`.
struct AddressSpan: JSONReadable {
    let range: IPRange

    init(reading reader: JSONReader) throws(JSONError) {
        let ends = reader.value.string?.split(separator: "-", omittingEmptySubsequences: false) ?? []
        guard ends.count == 2, let first = IPAddress(ends[0]), let last = IPAddress(ends[1]),
            let range = IPRange(first: first, last: last)
        else { throw reader.expected("a range such as 10.244.0.10-10.244.0.99") }
        self.range = range
    }
}
