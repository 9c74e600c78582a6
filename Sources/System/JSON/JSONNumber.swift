/// A number as it was written; numbers are equal if their texts are.
package struct JSONNumber: Hashable, Sendable {
    /// The text of RFC 8259 section 6.
    package let text: String

    package init(_ value: some BinaryInteger) {
        text = String(value)
    }

    init(text: String) {
        self.text = text
    }

    /// The value, if the text is an integer without fraction and exponent that fits the type.
    package func integer<Value: FixedWidthInteger>(as type: Value.Type = Value.self) -> Value? {
        Value(text)
    }

    /// Whether the text has neither fraction nor exponent.
    var isInteger: Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
}
