/// A member that holds one value, or a list where there are several.
package struct OneOrMore<Element: JSONReadable>: JSONReadable {
    package let elements: [Element]

    package init(reading reader: JSONReader) throws(JSONError) {
        if case .array = reader.value {
            elements = try [Element](reading: reader)
        } else {
            elements = [try Element(reading: reader)]
        }
    }
}
