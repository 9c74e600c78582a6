import JSON
import LinuxSystem

/// A configuration whose version has not been looked at yet.
struct ConfigurationDocument {
    let bytes: [UInt8]
    let reader: JSONReader
    let name: String
    /// `cniVersion` as written; empty when there is none.
    let version: String

    /// The bytes that a configuration may have.
    private static let sizeLimit = 4 << 20

    /// - Throws: code 5 when it cannot be read, 6 when it is no configuration, 7 when its name will not do.
    static func fromStandardInput() throws(CNIError) -> ConfigurationDocument {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try StandardStreams.readInput(limit: sizeLimit)
        } catch  where error.code == .interrupted {
            throw CNIError(describing: error)
        } catch {
            throw CNIError(.inputOutput, "error reading from stdin: \(error.code)")
        }
        return try ConfigurationDocument(bytes)
    }

    init(_ bytes: [UInt8]) throws(CNIError) {
        self.bytes = bytes
        do throws(JSONError) {
            reader = JSONReader(try JSONValue(parsing: bytes))
            name = try reader.optional("name") ?? ""
        } catch {
            // The reference's words, which runtimes and their tests look for.
            throw CNIError(.decoding, "error unmarshall network config: \(error)")
        }
        try Identifier.checkNetworkName(name)
        do throws(JSONError) {
            version = try reader.optional("cniVersion") ?? ""
        } catch {
            throw CNIError(.decoding, "decoding version from network config: \(error)")
        }
    }

    /// The configuration, once its version has been found to allow the verb.
    ///
    /// - Throws: code 1 when it does not, 6 when it is no version.
    func configuration(
        for verb: Verb, supported: [CNIVersion], pluginDirectories: [String]
    ) throws(CNIError) -> NetworkConfiguration {
        if verb.since > .v0_1_0 {
            let number = try VersionNumber(version)
            guard try number >= VersionNumber(verb.since.rawValue) else {
                throw CNIError(.incompatibleVersion, "config version does not allow \(verb.rawValue)")
            }
            guard let newest = supported.max(), try number <= VersionNumber(newest.rawValue) else {
                throw CNIError(.incompatibleVersion, "plugin version does not allow \(verb.rawValue)")
            }
        }
        let text = version.isEmpty ? CNIVersion.v0_1_0.rawValue : version
        guard let known = CNIVersion(rawValue: text), supported.contains(known) else {
            let list = supported.map { "\"\($0.rawValue)\"" }.joined(separator: " ")
            throw CNIError(
                .incompatibleVersion, "incompatible CNI versions",
                details: "config is \"\(text)\", plugin supports [\(list)]")
        }
        return NetworkConfiguration(
            version: known, name: name, bytes: bytes, reader: reader, pluginDirectories: pluginDirectories)
    }
}
