import Glibc
import LinuxSystem
import TestSupport
import Testing

struct FileTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    @Test func replacesAFileWhole() throws {
        try File.replace(path("a"), with: Array("one".utf8), mode: 0o600)
        try File.replace(path("a"), with: Array("two".utf8), mode: 0o600)
        #expect(directory.contents("a") == "two")
        #expect(directory.names() == ["a"])
    }

    @Test func aReplacementThatFailsLeavesTheOldFile() throws {
        try File.makeDirectory(path("a"), mode: 0o700)
        try directory.write("a/b", "old")
        #expect(throws: SystemError.self) { try File.replace(path("a"), with: [1], mode: 0o600) }
        #expect(directory.contents("a/b") == "old")
        #expect(directory.names() == ["a"])
    }

    @Test func readsNoMoreThanItsLimit() throws {
        try directory.write("a", String(repeating: "x", count: 10_000))
        #expect(try File.read(path("a")).count == 10_000)
        let error = #expect(throws: SystemError.self) { try File.read(path("a"), limit: 9_999) }
        #expect(error?.code == .fileTooLarge)
    }

    /// A pipe would be waited for, a device read for ever.
    @Test(arguments: ["/dev/zero", "/dev/null", "PIPE"])
    func readsNothingButRegularFiles(file: String) throws {
        if file == "PIPE" { try directory.makePipe("PIPE") }
        let path = file == "PIPE" ? path(file) : file
        let error = #expect(throws: SystemError.self) { try File.read(path) }
        #expect(error.map { "\($0)" } == "read \(path): Invalid argument: not a regular file")
    }

    @Test func readsTheKernelsOwnFiles() throws {
        #expect(try !File.read("/proc/self/stat").isEmpty)
        #expect(throws: SystemError("read", directory.path, Errno(rawValue: EISDIR))) { try File.read(directory.path) }
    }

    @Test func linksUnlessTheNameIsTaken() throws {
        try directory.write("a", "one")
        let here = try Directory(making: directory.path, mode: 0o700)
        let isLinked = try here.link("a", to: here, "b")
        let isLinkedAgain = try here.link("a", to: here, "b")
        #expect(isLinked && !isLinkedAgain)
        #expect(directory.contents("b") == "one")
    }

    @Test func makesDirectoriesWithTheirParents() throws {
        try File.makeDirectory(path("a/b/c"), mode: 0o700)
        try File.makeDirectory(path("a/b/c"), mode: 0o700)
        #expect(try File.names(in: path("a/b")) == ["c"])
        try directory.write("file", "")
        #expect(throws: SystemError.self) { try File.makeDirectory(path("file/d"), mode: 0o700) }
    }

    @Test func removingWhatIsGoneIsNoError() throws {
        try directory.write("a", "")
        #expect(try File.remove(path("a")))
        #expect(try !File.remove(path("a")))
    }

    @Test func aLockKeepsOthersOutAndEndsWithItsHolder() throws {
        let path = path("lock")
        func isFree(within seconds: Int) throws -> Bool {
            let words = seconds == 0 ? ["-n"] : ["-w", "\(seconds)"]
            return try Subprocess.run("/usr/bin/flock", words + [path, "true"], environment: []).ending == .exited(0)
        }
        do {
            let lock = try FileLock(FileDescriptor.open(path, O_RDONLY | O_CREAT, mode: 0o600), path: path, timeout: 0)
            #expect(try !isFree(within: 0))
            _ = consume lock
        }
        // A child that another test starts at that moment has the file until it runs another program.
        #expect(try isFree(within: 60))
    }
}
