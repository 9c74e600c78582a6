import CNI
import CNIRuntime
import LinuxSystem

/// Deletes attachments one by one, each after it was found to be over.
///
/// The plugins' own GC takes away whatever is not in a list of what is valid, and no list of ours is sure to be whole:
/// another runtime may keep its results elsewhere, and a plugin may keep more than leases and interfaces tell. So it is
/// run for `--all` alone. Without that nothing can be deleted but what cnitool attached, since nothing else is named.
enum CollectGarbage: Subcommand {
    static let name = "gc"
    static let parameters = "[--dry-run] [-v] [--all] NET"
    static let purpose = "delete what cnitool attached to namespaces that are gone; --all deletes everything"

    static func run(_ arguments: inout Arguments) throws {
        let isDry = arguments.flag("--dry-run")
        let isVerbose = arguments.flag("-v", "--verbose") || isDry
        let takesAll = arguments.flag("--all")
        let settings = try Settings()
        // A namespace beside "--all" would look as if only that were meant.
        let list = try settings.network(&arguments, allowingNamespace: !takesAll)
        guard !list.disablesGarbageCollection else {
            StandardStreams.log("cnitool: \"\(list.name)\" has \"disableGC\", so nothing is collected")
            return
        }
        let collection = Collection(list: list, runtime: settings.runtime, isVerbose: isVerbose)
        switch (takesAll, isDry) {
        case (false, _): try collection.deleteEnded(isDry: isDry)
        case (true, true): try collection.announceAll()
        case (true, false): try collection.deleteAll()
        }
    }
}

/// One run of `gc`.
private struct Collection {
    let list: ConfigurationList
    let runtime: Runtime
    /// Whether what stays is told as well.
    let isVerbose: Bool

    func deleteEnded(isDry: Bool) throws {
        var failures: [String] = []
        for attachment in try survey().attachments {
            switch attachment.fate(in: list.name) {
            case .stays(let reason):
                if isVerbose { try print(isDry ? "would keep" : "kept", attachment, reason) }
            case .over(_, let reason) where isDry:
                try print("would delete", attachment, reason)
            case .over(let request, let reason):
                do {
                    try runtime.deleteOwn(request, from: list)
                } catch {
                    failures.append("\(attachment): \(error)")
                    continue
                }
                try print("deleted", attachment, reason)
            }
        }
        guard failures.isEmpty else { throw Failure(lines: failures) }
    }

    func announceAll() throws {
        for attachment in try survey().attachments { try print("would delete", attachment, nil) }
        try StandardStreams.writeOutput(
            Array("would have the plugins delete what else of \"\(list.name)\" they find\n".utf8))
    }

    /// Tells what is gone afterwards, whoever deleted it and whatever failed.
    func deleteAll() throws {
        let before = try survey().attachments
        let outcome = Result { () throws(CNIError) in try runtime.collectGarbage(in: list, keeping: []) }
        let left = Set(try survey().attachments.map(\.owner))
        for attachment in before {
            if !left.contains(attachment.owner) {
                try print("deleted", attachment, nil)
            } else if isVerbose {
                try print("left", attachment, nil)
            }
        }
        try outcome.get()
    }

    private func survey() throws -> AttachmentSurvey { try AttachmentSurvey(of: list, in: runtime.cache) }

    private func print(_ verb: String, _ attachment: KnownAttachment, _ reason: String?) throws(SystemError) {
        let line = ["\(verb) \(attachment)", reason?.printable].compactMap(\.self).joined(separator: ": ")
        try StandardStreams.writeOutput(Array("\(line)\n".utf8))
    }
}
