import Attachments
import CNI
import JSON
import LinuxSystem

/// The delegate's configurations as ADD handed them over, for the verbs that come later.
///
/// `dataDir/.NETWORK/CONTAINERID:INTERFACE` has that of one attachment. A colon is in no container id and in no
/// interface name, and no container id begins with a dot, so these are never taken for files of the reference. That
/// keeps one for a container, whatever its interfaces, as `dataDir/CONTAINERID`: the same bytes go there as well, so
/// that the reference can delete what was added here, and it is read here where there is no other, so that what the
/// reference added is found. It has the last interface added; when that one is deleted, it gets another one of the
/// container that is left.
///
/// Files are put in place by rename and not synced. A power loss, which ends all containers, may leave them torn or take
/// them away, and DEL does without them then.
struct SavedRenderings {
    let network: String
    let dataDirectory: String

    /// - Throws: code 7 when `dataDir` is no absolute path.
    init(_ configuration: NetworkConfiguration) throws(CNIError) {
        network = configuration.name
        do throws(JSONError) {
            dataDirectory = try configuration.reader.optionalAbsolutePath("dataDir") ?? "/var/lib/cni/flannel"
        } catch {
            throw CNIError(loading: error)
        }
    }

    /// The configuration that an attachment was added with; nil when it is lost, which is logged for a torn one.
    func rendering(of attachment: Attachment) -> DelegateConfiguration? {
        rendering(of: Owner(attachment)) ?? rendering(of: Owner(attachment).ofWholeContainer)
    }

    /// The configuration of an owner, where it is one of this network.
    func rendering(of owner: Owner) -> DelegateConfiguration? {
        guard let bytes = bytes(of: owner) else { return nil }
        guard let rendering = Self.parsed(bytes) else {
            StandardStreams.log("\(path(of: owner)) is torn, and not used")
            return nil
        }
        guard rendering.type != FlannelPlugin.name else {
            StandardStreams.log("\(path(of: owner)) would have \(FlannelPlugin.name) run itself, and is not used")
            return nil
        }
        return isOfThisNetwork(rendering) ? rendering : nil
    }

    /// Saves the configuration that an attachment is about to be added with, and registers how that is undone.
    ///
    /// - Throws: code 5.
    func save(
        _ rendering: DelegateConfiguration, of attachment: Attachment, _ rollback: inout Rollback
    ) throws(CNIError) {
        try reportingAsInputOutput { () throws(SystemError) in
            try File.makeDirectory(ownDirectory, mode: 0o700)
            for owner in [Owner(attachment), Owner(attachment).ofWholeContainer] {
                let earlier = bytes(of: owner)
                let path = path(of: owner)
                try File.replace(path, with: rendering.bytes, mode: 0o600)
                rollback.register("save \(path)") {
                    if let earlier {
                        try File.replace(path, with: earlier, mode: 0o600)
                    } else {
                        try File.remove(path)
                    }
                }
            }
        }
    }

    /// Forgets an owner, once the delegate has deleted what belongs to it.
    ///
    /// - Throws: code 5.
    func remove(_ owner: Owner) throws(CNIError) {
        try reportingAsInputOutput { () throws(SystemError) in
            try File.remove(path(of: owner))
            let container = owner.ofWholeContainer
            guard owner != container, let shared = bytes(of: container) else { return }
            // A torn one is of no use to any network.
            if let rendering = Self.parsed(shared), !isOfThisNetwork(rendering) { return }
            if let other = try ownOwners().first(where: { $0.containerID == owner.containerID }),
                let bytes = bytes(of: other)
            {
                try File.replace(path(of: container), with: bytes, mode: 0o600)
            } else {
                try File.remove(path(of: container))
            }
        }
    }

    /// Removes files that are of no use to any network: those that a power loss or a kill tore before they were put in
    /// place, and those of this network that would have this plugin run itself.
    ///
    /// - Throws: code 5.
    func removeUnusable() throws(CNIError) {
        try reportingAsInputOutput { () throws(SystemError) in
            for directory in [dataDirectory, ownDirectory] {
                for name in try Self.names(in: directory) {
                    let path = "\(directory)/\(name)"
                    guard File.isRegular(path), let bytes = try? File.read(path) else { continue }
                    let isUnusable =
                        if let rendering = Self.parsed(bytes) {
                            rendering.type == FlannelPlugin.name && isOfThisNetwork(rendering)
                        } else {
                            File.isAbandonedReplacement(name)
                        }
                    if isUnusable { try File.remove(path) }
                }
            }
        }
    }

    /// Everyone that something of this network is saved for.
    ///
    /// - Throws: code 5.
    func owners() throws(CNIError) -> [Owner] {
        try reportingAsInputOutput { () throws(SystemError) in
            let containers = try Self.names(in: dataDirectory).filter(Identifier.isValid).map { name in
                Owner(containerID: name, interfaceName: nil)
            }
            return try ownOwners() + containers.filter { rendering(of: $0) != nil }
        }
    }

    private func ownOwners() throws(SystemError) -> [Owner] {
        try Self.names(in: ownDirectory).compactMap { name in
            let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
            return parts.count == 2 ? Owner(containerID: parts[0], interfaceName: parts[1]) : nil
        }
    }

    private var ownDirectory: String { "\(dataDirectory)/.\(network)" }

    private func path(of owner: Owner) -> String {
        owner.interfaceName.map { "\(ownDirectory)/\(owner.containerID):\($0)" }
            ?? "\(dataDirectory)/\(owner.containerID)"
    }

    /// What cannot be read is as good as lost.
    private func bytes(of owner: Owner) -> [UInt8]? { try? File.read(path(of: owner)) }

    private func isOfThisNetwork(_ rendering: DelegateConfiguration) -> Bool {
        rendering.object["name"]?.string == network
    }

    private static func parsed(_ bytes: [UInt8]) -> DelegateConfiguration? {
        try? DelegateConfiguration(reading: JSONReader(JSONValue(parsing: bytes)))
    }

    private static func names(in directory: String) throws(SystemError) -> [String] {
        do throws(SystemError) {
            return try File.names(in: directory)
        } catch  where error.code == .noSuchFile {
            return []
        }
    }

    private func reportingAsInputOutput<Value>(
        _ body: () throws(SystemError) -> Value
    ) throws(CNIError) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw CNIError(.inputOutput, "\(error)")
        }
    }
}
