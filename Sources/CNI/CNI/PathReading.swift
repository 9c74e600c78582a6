public import JSON

extension JSONReader {
    /// Reads a path as it is written, which may be empty.
    ///
    /// - Throws: an error of the member's own for something that is no path.
    public func optionalPath(_ name: String) throws(JSONError) -> String? {
        guard let path: String = try optional(name) else { return nil }
        guard !path.utf8.contains(0) else {
            let place = self.path.isEmpty ? name : "\(self.path).\(name)"
            throw JSONError(path: place, message: "expected a path, got one with a null character")
        }
        return path
    }
}
