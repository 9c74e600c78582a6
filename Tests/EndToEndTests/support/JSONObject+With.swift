import JSON

extension JSONObject {
    /// The same with another member.
    func with(_ name: String, _ value: JSONValue) -> JSONObject {
        var result = self
        result[name] = value
        return result
    }
}
