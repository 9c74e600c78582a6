/// What is wrong with a JSON text or with a value in it.
package struct JSONError: Error, Hashable, Sendable {
    /// Where the value is, as in `ipam.ranges[0].subnet`; empty for the root and for texts that are not JSON.
    package var path: String
    package var message: String

    package init(path: String = "", message: String) {
        self.path = path
        self.message = message
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String {
        path.isEmpty ? message : "\(path): \(message)"
    }
}
