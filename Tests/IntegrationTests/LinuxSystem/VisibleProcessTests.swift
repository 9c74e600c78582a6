import Foundation
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VisibleProcessTests {
    /// The socket's number as `/proc` has it.
    private func inode(_ socket: TestSocket) throws -> UInt64 {
        let link = try File.destination(ofLink: "/proc/self/fd/\(socket.rawValue)")
        return try #require(UInt64(link.filter(\.isNumber)))
    }

    @Test func allWhoHaveASocketOpenAreFound() throws {
        let host = try TestHost()
        let socket = try TestSocket(.udp, for: "127.0.0.1", in: host.namespace)
        let inode = try inode(socket)
        #expect(VisibleProcess.holding(socket: inode).map(\.identifier) == [Int(getpid())])

        let child = try ChildProcess(
            URL(filePath: "/usr/bin/tail"), ["-f", "/dev/null", "a word"], environment: [:],
            input: .descriptor(socket.rawValue))
        defer {
            kill(child.identifier, SIGKILL)
            _ = child.wait()
        }
        let holders = VisibleProcess.holding(socket: inode)
        #expect(Set(holders.map(\.identifier)) == [Int(getpid()), Int(child.identifier)])
        let found = try #require(holders.first { $0.identifier == Int(child.identifier) })
        #expect(found.arguments.last == "a word")
        #expect(found.description == "process \(child.identifier) (\(found.arguments.joined(separator: " ")))")
        #expect(VisibleProcess.holding(socket: .max) == [])
    }

    @Test func linksAreReadAsTheyAre() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory.path)/link", withDestinationPath: "no/such file")
        #expect(try File.destination(ofLink: "\(directory.path)/link") == "no/such file")
        let error = #expect(throws: SystemError.self) { try File.destination(ofLink: directory.path) }
        #expect(error?.code == .invalidArgument)
    }
}
