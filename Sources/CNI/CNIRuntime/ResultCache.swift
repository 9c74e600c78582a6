package import Attachments
package import CNI
package import JSON
import LinuxSystem

/// The results of ADD on disk, from which CHECK, DEL and GC know what was done.
///
/// Layout, names and contents are those of the reference library, and each reads what the other wrote: a file
/// `results/<network>-<container id>-<interface>` an attachment, mode 0600 in a directory of mode 0700, with one line
/// of JSON.
package struct ResultCache: Sendable {
    package static let standard = ResultCache(directory: "/var/lib/cni")

    private let results: String

    /// - Parameter directory: where `results` is or will be.
    package init(directory: String) {
        results = "\(directory)/results"
    }

    /// Keeps the result of an attachment, in place of an earlier one.
    ///
    /// - Throws: code 5; the earlier one is untouched then.
    func store(_ result: JSONObject, of request: AttachmentRequest, in list: ConfigurationList) throws(CNIError) {
        let path = try path(of: request.attachment)
        let document = Self.document(result, of: request, in: list)
        do throws(SystemError) {
            try File.makeDirectory(results, mode: 0o700)
            try File.replace(path, with: document.serialized(), mode: 0o600)
        } catch {
            throw CNIError(.inputOutput, "failed to set network \"\(list.name)\" cached result: \(error)")
        }
    }

    /// The final result of an attachment in the version of its list; nil when nothing is kept.
    ///
    /// - Throws: code 5 or 6 when what is kept cannot be read or not be told in that version.
    package func result(of attachment: Attachment, in list: ConfigurationList) throws(CNIError) -> JSONObject? {
        let path = try path(of: attachment)
        do {
            let entry = try JSONReader(JSONValue(parsing: File.read(path)))
            // Before there was a kind, the file was the result.
            let result = try Self.isEntry(entry) ? entry.optional("result") : JSONObject(reading: entry)
            return try result.map { try Self.converted($0, to: list.version) }
        } catch let error as SystemError where error.code == .noSuchFile {
            return nil
        } catch {
            throw CNIError(
                error is SystemError ? .inputOutput : .decoding,
                "failed to get network \"\(list.name)\" cached result: \(path): \(error)")
        }
    }

    /// Whether anything is kept of an attachment.
    package func contains(_ attachment: Attachment) throws(CNIError) -> Bool {
        File.isRegular(try path(of: attachment))
    }

    /// What ADD was asked for an attachment; nil when that is not kept, or not in the form that names all of it.
    ///
    /// - Throws: code 4 or 7 for names that no file has.
    package func request(of attachment: Attachment) throws(CNIError) -> AttachmentRequest? {
        let request = Self.request(inFile: try path(of: attachment), of: attachment.network)
        return request?.attachment == attachment ? request : nil
    }

    /// Forgets an attachment; that nothing is kept is no error.
    func remove(_ attachment: Attachment) throws(CNIError) {
        let path = try path(of: attachment)
        do throws(SystemError) {
            try File.remove(path)
        } catch {
            throw CNIError(.inputOutput, "\(error)")
        }
    }

    /// What ADD was asked for each attachment of a network that is kept, in the order of the files' names.
    ///
    /// Files that are not in the form that names all of it are passed over.
    ///
    /// - Throws: code 5 when the directory cannot be read; that there is none is no error.
    package func attachments(of network: String) throws(CNIError) -> [AttachmentRequest] {
        let names: [String]
        do throws(SystemError) {
            names = try File.names(in: results)
        } catch {
            if error.code == .noSuchFile { return [] }
            throw CNIError(.inputOutput, "\(error)")
        }
        return names.filter { $0.hasPrefix("\(network)-") }.compactMap { name in
            // A network's name may be how another's begins, and a writer may have died before its rename.
            Self.request(inFile: "\(results)/\(name)", of: network).flatMap { request in
                name == Self.name(of: request.attachment) ? request : nil
            }
        }
    }

    private static func request(inFile path: String, of network: String) -> AttachmentRequest? {
        guard let bytes = try? File.read(path), let value = try? JSONValue(parsing: bytes) else { return nil }
        return try? AttachmentRequest(readingEntry: JSONReader(value), of: network)
    }

    private func path(of attachment: Attachment) throws(CNIError) -> String {
        let (network, id, interface) = (attachment.network, attachment.containerID, attachment.interfaceName)
        guard !network.isEmpty, !id.isEmpty, !interface.isEmpty else {
            throw CNIError(
                .invalidConfiguration,
                "cache file path requires network name (\"\(network)\"), container ID (\"\(id)\"), "
                    + "and interface name (\"\(interface)\")")
        }
        try Identifier.checkNetworkName(network)
        try Identifier.checkContainerID(id)
        try Identifier.checkInterfaceName(interface)
        return "\(results)/\(Self.name(of: attachment))"
    }

    private static func name(of attachment: Attachment) -> String {
        "\(attachment.network)-\(attachment.containerID)-\(attachment.interfaceName)"
    }

    private static func converted(_ result: JSONObject, to version: String) throws -> JSONObject {
        let own = result["cniVersion"]?.string ?? ""
        guard own != version else { return result }
        guard let target = CNIVersion(rawValue: version) else {
            throw CNIError(.incompatibleVersion, "no converter for CNI result version \(own) to \(version)")
        }
        return try CNIResult(reading: JSONReader(.object(result)), defaultVersion: .v0_1_0).encoded(as: target)
    }
}

/// The form of an entry.
extension ResultCache {
    fileprivate static let kind = "cniCacheV1"

    fileprivate static func isEntry(_ reader: JSONReader) -> Bool {
        reader.value.object?["kind"]?.string == kind
    }

    /// The members in the reference's order, and what it keeps in unordered maps in the order of their names.
    fileprivate static func document(
        _ result: JSONObject, of request: AttachmentRequest, in list: ConfigurationList
    ) -> JSONObject {
        var document: JSONObject = [
            "kind": .string(kind), "containerId": .string(request.attachment.containerID),
            "config": .string(Base64.encode(list.bytes)), "ifName": .string(request.attachment.interfaceName),
            "networkName": .string(list.name),
        ]
        if !request.namespacePath.isEmpty { document["netns"] = .string(request.namespacePath) }
        if !request.arguments.isEmpty {
            document["cniArgs"] = .array(request.arguments.map { [.string($0.key), .string($0.value)] })
        }
        if !request.capabilityArguments.isEmpty {
            document["capabilityArgs"] = .object(request.capabilityArguments.sorted)
        }
        document["result"] = .object(result.sorted)
        return document
    }
}

extension AttachmentRequest {
    /// Reads what an entry says of ADD's request.
    fileprivate init(readingEntry reader: JSONReader, of network: String) throws(JSONError) {
        guard ResultCache.isEntry(reader), try reader.required("networkName") == network else {
            throw reader.fail("no entry of \(network)")
        }
        self.init(
            Attachment(
                network: network, containerID: try reader.required("containerId"),
                interfaceName: try reader.required("ifName")),
            namespacePath: try reader.optionalPath("netns") ?? "",
            arguments: try reader.optional("cniArgs") ?? [],
            capabilityArguments: try reader.optional("capabilityArgs") ?? [:])
    }
}

extension AttachmentRequest.Argument: JSONReadable {
    /// Reads a pair of the cache.
    package init(reading reader: JSONReader) throws(JSONError) {
        let pair = try [String](reading: reader)
        guard pair.count == 2 else { throw reader.expected("a key and a value") }
        self.init(key: pair[0], value: pair[1])
    }
}
