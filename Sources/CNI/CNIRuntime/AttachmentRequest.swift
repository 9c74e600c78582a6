package import Attachments
package import CNI
package import JSON

/// What a runtime asks for when it attaches a container: CNI specification, section 3, "Attachment Parameters".
package struct AttachmentRequest: Hashable, Sendable {
    /// One pair of `CNI_ARGS`.
    package struct Argument: Hashable, Sendable {
        package var key: String
        package var value: String

        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    package var attachment: Attachment
    /// The path of the container's network namespace; empty when it is gone, which only DEL may do with.
    package var namespacePath: String
    /// `CNI_ARGS`.
    package var arguments: [Argument]
    /// By capability, what each plugin that declares it gets in its `runtimeConfig`.
    package var capabilityArguments: JSONObject

    package init(
        _ attachment: Attachment, namespacePath: String, arguments: [Argument] = [],
        capabilityArguments: JSONObject = [:]
    ) {
        self.attachment = attachment
        self.namespacePath = namespacePath
        self.arguments = arguments
        self.capabilityArguments = capabilityArguments
    }

    /// Splits a text such as `IgnoreUnknown=1;MAC=02:00:00:00:00:01`.
    ///
    /// - Throws: code 4 for an item that is not one key and one value, neither of them empty.
    package static func arguments(parsing text: String) throws(CNIError) -> [Argument] {
        guard !text.isEmpty else { return [] }
        var arguments: [Argument] = []
        for item in text.split(separator: ";", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw CNIError(.invalidEnvironment, "invalid CNI_ARGS pair \"\(item)\"")
            }
            arguments.append(Argument(key: String(parts[0]), value: String(parts[1])))
        }
        return arguments
    }
}
