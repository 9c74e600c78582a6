/// A value together with its place in the document, for errors that say where.
package struct JSONReader: Hashable, Sendable {
    package let value: JSONValue

    /// Where the value is, as in `ipam.ranges[0].subnet`; empty for the root.
    package let path: String

    package init(_ value: JSONValue, path: String = "") {
        self.value = value
        self.path = path
    }

    /// Reads a member that must be there.
    ///
    /// - Throws: `missing` if the member is absent or null, an error of the member's own if it does not read, and
    ///   `expected an object` if this value is none.
    package func required<Value: JSONReadable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(JSONError) -> Value {
        guard let value = try optional(name, as: type) else {
            throw JSONError(path: path(ofMember: name), message: "missing")
        }
        return value
    }

    /// Reads a member, or gives nil if it is absent or null.
    ///
    /// - Throws: an error of the member's own if it does not read, and `expected an object` if this value is none.
    package func optional<Value: JSONReadable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws(JSONError) -> Value? {
        guard let member = try object()[name], member != .null else { return nil }
        return try Value(reading: JSONReader(member, path: path(ofMember: name)))
    }

    /// An error at this place.
    package func fail(_ message: String) -> JSONError {
        JSONError(path: path, message: message)
    }

    /// An error at the place of a member.
    package func fail(_ message: String, at member: String) -> JSONError {
        JSONError(path: path(ofMember: member), message: message)
    }

    /// The error that something else was expected at this place, as in `expected an integer, got "1500"`.
    ///
    /// The value is shown as compact JSON, its beginning if it is long.
    package func expected(_ what: String) -> JSONError {
        let limit = 60
        let text = value.description
        let shown = text.prefix(limit)
        return fail("expected \(what), got \(shown)\(shown.endIndex < text.endIndex ? "…" : "")")
    }

    func object() throws(JSONError) -> JSONObject {
        guard case .object(let object) = value else { throw expected("an object") }
        return object
    }

    func integer<Value: FixedWidthInteger>(as type: Value.Type = Value.self) throws(JSONError) -> Value {
        guard case .number(let number) = value, number.isInteger else { throw expected("an integer") }
        guard let integer = number.integer(as: type) else {
            throw expected("an integer from \(type.min) to \(type.max)")
        }
        return integer
    }

    /// Readers of the elements in order.
    func elements() throws(JSONError) -> [JSONReader] {
        guard case .array(let elements) = value else { throw expected("an array") }
        return elements.enumerated().map { JSONReader($1, path: "\(path)[\($0)]") }
    }

    func path(ofMember name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }
}
