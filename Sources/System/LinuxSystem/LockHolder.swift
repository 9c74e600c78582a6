/// Who holds the flock(2) of a file, as far as `/proc/locks` tells.
struct LockHolder: CustomStringConvertible {
    private let process: VisibleProcess

    /// Nil when nobody holds it, or somebody whom this process cannot see.
    init?(of file: FileStatus) {
        guard let table = try? File.read("/proc/locks"),
            let process = Self.process(in: String(decoding: table, as: UTF8.self), holding: file)
        else { return nil }
        self.process = VisibleProcess(process)
    }

    var description: String { "\(process)" }

    /// Reads lines such as `1: FLOCK  ADVISORY  WRITE 708 fe:00:1234 0 EOF`; those who wait have `->` in front.
    private static func process(in table: String, holding file: FileStatus) -> Int? {
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK", words[5] == "\(file.deviceText):\(file.inode)" else {
                continue
            }
            guard let process = Int(words[4]), process > 0 else { return nil }
            return process
        }
        return nil
    }
}
