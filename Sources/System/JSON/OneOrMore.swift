/// A member that holds one value, or a list where there are several.
public struct OneOrMore<Element: JSONReadable>: JSONReadable {
    public let elements: [Element]

    public init(reading reader: JSONReader) throws(JSONError) {
        if case .array = reader.value {
            elements = try [Element](reading: reader)
        } else {
            elements = [try Element(reading: reader)]
        }
    }
}
