package import Attachments
package import JSON

/// The configuration of one plugin, as it arrives on standard input: CNI specification, section 1.
package struct NetworkConfiguration: Sendable {
    package let version: CNIVersion
    package let name: String
    /// The bytes as they arrived, which is how a delegate gets them.
    package let bytes: [UInt8]
    /// The whole document, for a plugin's own members.
    package let reader: JSONReader
    /// `CNI_PATH`: where delegates are looked for, in this order.
    package internal(set) var pluginDirectories: [String] = []

    /// - Throws: code 6 when the previous result cannot be read.
    package func previousResult() throws(CNIError) -> CNIResult? {
        do throws(JSONError) {
            guard let previous = try reader.optional("prevResult", as: JSONReader.self) else { return nil }
            return try CNIResult(readingPrevious: previous, version: version)
        } catch {
            throw CNIError(.decoding, "\(error)")
        }
    }

    /// The result that a chained plugin works on, and that its ADD returns with no more changed than it changed.
    ///
    /// - Parameter message: what the error says where there is none.
    /// - Returns: the result, as it came.
    /// - Throws: code 7 where there is none, 6 when it cannot be read.
    package func chainedResult(
        _ message: String = "Required prevResult missing"
    ) throws(CNIError) -> CNIResult {
        guard let previous = try previousResult() else {
            throw CNIError(
                .invalidConfiguration, message,
                details: "must be called as chained plugin, in \"plugins\" behind the one that makes the interface")
        }
        return previous
    }

    /// `runtimeConfig`: what the runtime fills in for the capabilities that the configuration declares.
    ///
    /// - Throws: an error when the configuration is no object.
    package func runtimeConfiguration() throws(JSONError) -> JSONReader? {
        try reader.optional("runtimeConfig")
    }

    /// `args.cni`: what a user asks for by convention, where the runtime passes no capabilities (CNI conventions).
    ///
    /// - Throws: an error when `args` is no object.
    package func conventionalArguments() throws(JSONError) -> JSONReader? {
        try reader.optional("args", as: JSONReader.self)?.optional("cni")
    }

    /// `ipam`, as an IPAM plugin needs it.
    ///
    /// - Throws: code 7 without one.
    package func ipam() throws -> JSONReader {
        guard let ipam = try reader.optional("ipam", as: JSONReader.self) else {
            throw CNIError(.invalidConfiguration, "IPAM config missing 'ipam' key")
        }
        return ipam
    }

    /// Where GC finds the attachments to keep; the second name is a misspelling that runtimes still send beside the first.
    static let validAttachmentsNames = ["cni.dev/valid-attachments", "cni.dev/attachments"]

    /// The attachments that GC is to keep, nil when the runtime sent no list.
    ///
    /// - Throws: an error with the place of what cannot be read.
    package func validAttachments() throws(JSONError) -> Set<Attachment>? {
        for name in Self.validAttachmentsNames {
            guard case .object(let object) = reader.value, object.contains(name) else { continue }
            let entries = try reader.optional(name, as: [ValidAttachment].self) ?? []
            return Set(
                entries.map {
                    Attachment(network: self.name, containerID: $0.containerID, interfaceName: $0.interfaceName)
                })
        }
        return nil
    }
}

extension NetworkConfiguration {
    /// Reads a configuration that a runtime has made for a plugin of this suite, which is only looked at.
    ///
    /// - Throws: code 1, 6 or 7 when the plugin would refuse it.
    package init(parsing bytes: [UInt8]) throws(CNIError) {
        self = try ConfigurationDocument(bytes)
            .configuration(for: .add, supported: CNIVersion.allCases, pluginDirectories: [])
    }
}

/// An entry of `cni.dev/valid-attachments`.
private struct ValidAttachment: JSONReadable {
    let containerID: String
    let interfaceName: String

    init(reading reader: JSONReader) throws(JSONError) {
        containerID = try reader.required("containerID")
        interfaceName = try reader.required("ifname")
    }
}
