/// A type that reads itself from a JSON value.
package protocol JSONReadable {
    /// Reads the value of a reader.
    ///
    /// - Throws: an error with the path of what is missing or does not fit; `expected(_:)` makes most of them.
    init(reading reader: JSONReader) throws(JSONError)
}

extension JSONReader: JSONReadable {
    /// Keeps any value for reading later.
    package init(reading reader: JSONReader) {
        self = reader
    }
}

extension JSONValue: JSONReadable {
    package init(reading reader: JSONReader) {
        self = reader.value
    }
}

extension JSONObject: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self = try reader.object()
    }
}

extension Bool: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        guard case .bool(let value) = reader.value else { throw reader.expected("true or false") }
        self = value
    }
}

extension String: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        guard case .string(let value) = reader.value else { throw reader.expected("a string") }
        self = value
    }
}

extension JSONReadable where Self: FixedWidthInteger {
    package init(reading reader: JSONReader) throws(JSONError) {
        self = try reader.integer()
    }
}

extension Int: JSONReadable {}
extension Int32: JSONReadable {}
extension Int64: JSONReadable {}
extension UInt8: JSONReadable {}
extension UInt16: JSONReadable {}
extension UInt32: JSONReadable {}
extension UInt64: JSONReadable {}

extension Array: JSONReadable where Element: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self = []
        for element in try reader.elements() {
            append(try Element(reading: element))
        }
    }
}

extension Dictionary: JSONReadable where Key == String, Value: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self = [:]
        for member in try reader.object().members {
            self[member.name] = try Value(
                reading: JSONReader(member.value, path: reader.path(ofMember: member.name)))
        }
    }
}
