package import JSON

/// An error as a runtime sees it: CNI specification, section 5, "Error".
package struct CNIError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A number of the specification's table, or a plugin's own from 100 on.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// What a child process that could not say why it failed is reported with, as by the reference library.
        package static let unknown = Code(rawValue: 0)
        package static let incompatibleVersion = Code(rawValue: 1)
        package static let unsupportedField = Code(rawValue: 2)
        package static let unknownContainer = Code(rawValue: 3)
        package static let invalidEnvironment = Code(rawValue: 4)
        package static let inputOutput = Code(rawValue: 5)
        package static let decoding = Code(rawValue: 6)
        package static let invalidConfiguration = Code(rawValue: 7)
        /// Not in the specification; the reference library's number for a network namespace that will not do.
        package static let invalidNamespace = Code(rawValue: 8)
        package static let tryAgainLater = Code(rawValue: 11)
        /// STATUS: the plugin cannot serve ADD requests.
        package static let notAvailable = Code(rawValue: 50)
        /// STATUS: the plugin cannot serve ADD requests, and containers that exist may have lost connectivity.
        package static let limitedConnectivity = Code(rawValue: 51)
        package static let other = Code(rawValue: 999)
    }

    package var code: Code
    package var message: String
    package var details: String?

    package init(_ code: Code, _ message: String, details: String? = nil) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// The message, and the details behind a semicolon.
    package var description: String {
        details.map { "\(message); \($0)" } ?? message
    }

    /// The document that goes to standard output, with the configuration's `cniVersion`.
    package func encoded(version: String) -> JSONObject {
        var object: JSONObject = [
            "cniVersion": .string(version), "code": .number(JSONNumber(code.rawValue)), "msg": .string(message),
        ]
        if let details, !details.isEmpty { object["details"] = .string(details) }
        return object
    }
}

extension CNIError: JSONReadable {
    /// Reads what a plugin printed.
    package init(reading reader: JSONReader) throws(JSONError) {
        code = Code(rawValue: try reader.required("code"))
        message = try reader.optional("msg") ?? ""
        details = try reader.optional("details")
    }
}
