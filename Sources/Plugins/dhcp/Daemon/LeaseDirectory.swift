import Attachments
import Glibc
import JSON
import LinuxSystem

/// Where leases are kept, a file each; root alone can look into it, and one daemon at a time has it.
struct LeaseDirectory: ~Copyable {
    let path: String
    private let lock: FileLock

    /// Opens the directory, making it where it is missing.
    ///
    /// - Throws: `ETIMEDOUT` with the daemon that has it; the error of the step that failed.
    init(_ path: String) throws(SystemError) {
        self.path = path
        try File.makeDirectory(path, mode: 0o700)
        let lockPath = "\(path)/lock"
        lock = try FileLock(.open(lockPath, O_RDWR | O_CREAT, mode: 0o600), path: lockPath, timeout: 0)
    }

    /// Keeps a lease; readers see it whole or as it was.
    borrowing func keep(_ file: LeaseFile) throws(SystemError) {
        try File.replace("\(path)/\(LeaseFile.name(of: file.attachment))", with: file.bytes, mode: 0o600)
    }

    borrowing func forget(_ attachment: Attachment) throws(SystemError) {
        try File.remove("\(path)/\(LeaseFile.name(of: attachment))")
    }

    /// All leases that can be gone on with; what else is there is removed, and said.
    borrowing func files(report: (String) -> Void) throws(SystemError) -> [LeaseFile] {
        var files: [LeaseFile] = []
        for name in try File.names(in: path) where name.hasSuffix(LeaseFile.suffix) || name.hasSuffix(".tmp") {
            let file = "\(path)/\(name)"
            do {
                let lease = try LeaseFile(reading: JSONReader(JSONValue(parsing: File.read(file))))
                guard LeaseFile.name(of: lease.attachment) == name else { throw JSONError(message: "another's name") }
                files.append(lease)
            } catch {
                report("forget \(name): \(error)")
                try File.remove(file)
            }
        }
        return files
    }
}
