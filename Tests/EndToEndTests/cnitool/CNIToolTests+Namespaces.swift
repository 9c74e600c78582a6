import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Namespaces.
extension CNIToolTests {
    /// What the original derives: the digest of the absolute path, which keeps symbolic links.
    func containerID(of path: String) throws -> String {
        "cnitool-\(try ThisMachine().output(of: "sha512sum", [], input: path).prefix(20))"
    }

    struct Path: Sendable {
        var argument: String
        var absolute: String

        init(_ argument: String, _ absolute: String) {
            self.argument = argument
            self.absolute = absolute
        }
    }

    @Test(arguments: [
        Path("/var/run/netns/x", "/var/run/netns/x"),
        Path("/run/netns/x", "/run/netns/x"),
        Path("/run//netns/./y/../x/", "/run/netns/x"),
        Path("/../x", "/x"),
        Path("no-such-namespace", "/var/run/netns/no-such-namespace"),
        Path("./x", "HERE/x"),
        Path("../x", "HERE/../x"),
        Path("a/b", "HERE/a/b"),
        Path(".", "HERE"),
    ])
    func derivesTheContainerIDOfTheOriginal(path: Path) throws {
        #expect(try cnitool("del", "mynet", path.argument).succeeded)
        let environment = try #require(plugins.calls.first?.environment)
        let above = (files.path as NSString).deletingLastPathComponent
        let absolute = path.absolute.replacingOccurrences(of: "HERE/..", with: above)
            .replacingOccurrences(of: "HERE", with: files.path)
        #expect(environment["CNI_NETNS"] == absolute)
        #expect(try environment["CNI_CONTAINERID"] == containerID(of: absolute))
    }

    @Test func keepsSymbolicLinksInTheWorkingDirectory() throws {
        try FileManager.default.createDirectory(atPath: "\(files.path)/real", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: "\(files.path)/link", withDestinationPath: "real")
        _ = try cnitool("del", "mynet", "./x", in: "\(files.path)/link")
        #expect(plugins.calls.last?.environment["CNI_NETNS"] == "\(files.path)/link/x")
    }

    @Test func aFileInTheWorkingDirectoryIsMeantWhereNoNamespaceHasTheName() throws {
        try files.write("blue", "")
        #expect(try cnitool("del", "mynet", "blue").succeeded)
        #expect(plugins.calls.last?.environment["CNI_NETNS"] == "\(files.path)/blue")
    }

    /// Others can write into some working directories.
    @Test func aNamespaceGoesBeforeAFileInTheWorkingDirectory() throws {
        let host = try TestHost()
        try host.directory.write("netns/blue", "")
        try files.write("blue", "")
        let command =
            host.launcher + ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, files.path, "\(Executables.own)/cnitool"]
        let child = try Subprocess.run(
            command[0], command[1...] + ["del", "mynet", "blue"],
            environment: ProcessEnvironment.entries(replacing: [
                "NETCONFPATH": "\(files.path)/net.d", "CNI_PATH": plugins.path, "PWD": nil,
            ]))
        #expect(child.ending == .exited(0))
        #expect(plugins.calls.last?.environment["CNI_NETNS"] == "/var/run/netns/blue")
    }

    @Test(arguments: ["/proc/self/ns/mnt", "/etc/passwd", "/dev/zero", "/nowhere/at/all"])
    func needsANetworkNamespaceBeforeAnythingIsRun(path: String) throws {
        for verb in ["add", "check"] {
            let outcome = try cnitool(verb, "mynet", path)
            #expect(outcome.ending == .exited(1))
            #expect(outcome.errorOutput.hasPrefix("cnitool: \(path) is no network namespace that can be opened: "))
            #expect(outcome.errorOutput.contains("lsns -t net"))
        }
        #expect(plugins.calls.isEmpty)
    }

    @Test func refusesTheHostsOwnNamespaceBeforeAnythingIsRun() throws {
        let add = try cnitool("add", "mynet", "/proc/self/ns/net")
        #expect(add.ending == .exited(1))
        #expect(add.errorOutput.contains("should not be the same"))
        #expect(plugins.calls.isEmpty)
        #expect(try cnitool("add", "mynet", "/proc/self/ns/net", variables: ["CNI_NETNS_OVERRIDE": "1"]).succeeded)
    }

    @Test func aNameNeedsANamespace() throws {
        let add = try cnitool("add", "mynet", "no-such-namespace")
        #expect(add.ending == .exited(1))
        #expect(add.errorOutput.hasPrefix(#"cnitool: there is no network namespace "no-such-namespace"; "#))
        #expect(add.errorOutput.contains("ip netns add no-such-namespace"))
        #expect(plugins.calls.isEmpty)
    }
}
