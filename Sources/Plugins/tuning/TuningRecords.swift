import Attachments
import CNI
import JSON
import LinuxSystem

/// The records of what ADD found: `dataDir/CONTAINERID_INTERFACE.json`, the reference's files with members of our own, so that
/// each suite can undo what the other did.
struct TuningRecords {
    private let directory: String

    init(in directory: String) {
        self.directory = directory
    }

    /// The record of an attachment.
    ///
    /// - Returns: nil when there is none, when it cannot be read, which is logged, and when it is another network's.
    func record(of attachment: Attachment) -> TuningRecord? {
        let path = path(of: attachment)
        do {
            let record = try Self.read(path)
            return record.network == nil || record.network == attachment.network ? record : nil
        } catch {
            if (error as? SystemError)?.code != .noSuchFile { StandardStreams.log("\(path) is not used: \(error)") }
            return nil
        }
    }

    /// - Throws: code 5.
    func save(_ record: TuningRecord, of attachment: Attachment) throws(CNIError) {
        try reportingAsInputOutput { () throws(SystemError) in
            let bytes = record.encoded.serialized(pretty: true)
            do throws(SystemError) {
                try File.replace(path(of: attachment), with: bytes, mode: 0o600)
            } catch  where error.code == .noSuchFile {
                try File.makeDirectory(directory, mode: 0o700)
                try File.replace(path(of: attachment), with: bytes, mode: 0o600)
            }
        }
    }

    /// - Throws: code 5.
    func remove(_ attachment: Attachment) throws(CNIError) {
        try reportingAsInputOutput { () throws(SystemError) in try File.remove(path(of: attachment)) }
    }

    /// Removes what is of no use any more: of attachments of a network that are not valid, and half written.
    ///
    /// Records of the reference do not say whose they are, and stay.
    ///
    /// - Throws: code 5.
    func removeAll(ofNetwork network: String, keeping valid: Set<Attachment>) throws(CNIError) {
        let kept = Set(valid.map(path(of:)))
        try reportingAsInputOutput { () throws(SystemError) in
            for name in try names() {
                let path = "\(directory)/\(name)"
                let isStale = !kept.contains(path) && (try? Self.read(path))?.network == network
                if isStale || File.isAbandonedReplacement(name) { try File.remove(path) }
            }
        }
    }

    /// Leaves it to another interface of the container to restore parameters that it has set since to what they were before.
    ///
    /// - Parameters:
    ///   - changes: those of an interface that goes.
    ///   - attachment: the other interface's, in whichever network.
    /// - Returns: the changes that are not left to it.
    /// - Throws: code 5.
    func handOver(_ changes: [ParameterChange], to attachment: Attachment) throws(CNIError) -> [ParameterChange] {
        guard var other = try? Self.read(path(of: attachment)) else { return changes }
        let rest = changes.filter { change in !other.inherit(change) }
        if rest.count < changes.count { try save(other, of: attachment) }
        return rest
    }

    private static func read(_ path: String) throws -> TuningRecord {
        try TuningRecord(reading: JSONReader(JSONValue(parsing: File.read(path))))
    }

    private func path(of attachment: Attachment) -> String {
        "\(directory)/\(attachment.containerID)_\(attachment.interfaceName).json"
    }

    private func names() throws(SystemError) -> [String] {
        do throws(SystemError) {
            return try File.names(in: directory)
        } catch  where error.code == .noSuchFile {
            return []
        }
    }

    private func reportingAsInputOutput(_ body: () throws(SystemError) -> Void) throws(CNIError) {
        do throws(SystemError) {
            try body()
        } catch {
            throw CNIError(.inputOutput, "\(error)")
        }
    }
}
