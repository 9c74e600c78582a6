extension JSONReader {
    /// Reads a path as it is written, which may be empty.
    ///
    /// - Throws: an error of the member's own for something that is no path.
    package func optionalPath(_ name: String) throws(JSONError) -> String? {
        guard let path: String = try optional(name) else { return nil }
        guard !path.utf8.contains(0) else {
            throw JSONError(path: self.path(ofMember: name), message: "expected a path, got one with a null character")
        }
        return path
    }

    /// Reads a path that begins at the root: any other would lead from the working directory, which is nobody's choice.
    ///
    /// - Throws: an error of the member's own for something else.
    package func optionalAbsolutePath(_ name: String) throws(JSONError) -> String? {
        guard let path = try optionalPath(name) else { return nil }
        guard path.hasPrefix("/") else { throw fail("expected an absolute path, got \"\(path)\"", at: name) }
        return path
    }
}
