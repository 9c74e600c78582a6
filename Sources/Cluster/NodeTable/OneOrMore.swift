import JSON

/// A member that holds one value, or a list where there are several.
struct OneOrMore<Element: JSONReadable>: JSONReadable {
    let elements: [Element]

    init(reading reader: JSONReader) throws(JSONError) {
        if case .array = reader.value {
            elements = try [Element](reading: reader)
        } else {
            elements = [try Element(reading: reader)]
        }
    }
}
