import Foundation
import LinuxSystem
import TestSupport
import Testing

@testable import Flanneld

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct InstallTests {
    static let programs = (Repository.names(in: "Sources/Plugins") + ["cnitool"]).sorted()
    static let record = ".swift-cni"
    static let conf = "10-bridge.conflist"

    let host: TestHost
    /// Has what was built, small enough to be copied often.
    let built: TemporaryDirectory
    var directory: TemporaryDirectory { host.directory }

    init() throws {
        host = try TestHost()
        built = try TemporaryDirectory()
        for program in Self.programs { try built.write(program, "new \(program)", mode: 0o755) }
    }

    @Test func installsProvesItselfAndGoesAgain() throws {
        for _ in 1...2 {
            #expect(try proven().contains("10.22.0.2/16 in a scratch namespace, 10.22.0.1 answered"))
            #expect(directory.names(in: "bin") == [Self.record] + Self.programs)
            #expect(directory.names(in: "net.d") == [Self.conf])
        }
        #expect(directory.contents("net.d/\(Self.conf)") == (try Repository.text("conf/\(Self.conf)")))
        // The proof ran somewhere else.
        #expect(try host.linkNames() == ["lo"])

        try install("--uninstall")
        #expect(directory.names() == ["bin", "net.d"])
        #expect(directory.names(in: "bin").isEmpty)
        #expect(directory.names(in: "net.d").isEmpty)
    }

    @Test func provesItselfWithoutPing() throws {
        try install("--no-check", "--from", Executables.own)
        try FileManager.default.createDirectory(atPath: "\(directory.path)/tools", withIntermediateDirectories: false)
        let tools = "bash cp find grep mkdir mktemp mount nsenter rmdir sed sh tr true umount unshare"
        for tool in tools.split(separator: " ").map(String.init) {
            let path = try #require(Executables.find(tool))
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory.path)/tools/\(tool)", withDestinationPath: path)
        }
        let proof = try host.run(
            "env", "PATH=\(directory.path)/tools", "unshare", "--mount", "--net", "--propagation", "private",
            Repository.path("Sources/Tools/prove.sh"), "\(directory.path)/bin", Repository.path("conf/\(Self.conf)"))
        #expect(proof.contains("10.22.0.1 answered"))
    }

    @Test func dryRunChangesNothing() throws {
        #expect(try install("--dry-run").contains("would install \(directory.path)/bin/bridge\n"))
        #expect(directory.names().isEmpty)
        try install("--no-check")
        let before = try snapshot()
        #expect(try install("--dry-run", "--uninstall").contains("would remove \(directory.path)/bin/bridge\n"))
        try install("--dry-run")
        #expect(try snapshot() == before)
    }

    @Test(arguments: ["5.conf", "50-mine.conflist", "zz.json"])
    func leavesAFolderThatHasAConfigurationAsItIs(name: String) throws {
        try directory.write("net.d/\(name)", "{}")
        let output = try install("--no-check")
        #expect(output.contains("keep \(directory.path)/net.d/\(name) and install no other network configuration\n"))
        try install("--uninstall")
        #expect(directory.names(in: "net.d") == [name])
    }

    @Test func installsTheDaemonWhenToldSo() throws {
        let daemon = ["flanneld", "mk-docker-opts"]
        for program in daemon { try built.write(program, "new \(program)", mode: 0o755) }
        func install(_ more: String...) throws -> String {
            try self.install(["--no-check", "--flanneld", "--root", "\(directory.path)/root"] + more)
        }
        #expect(try install("--dry-run").contains("would install \(directory.path)/root/usr/local/sbin/flanneld\n"))
        #expect(directory.names().isEmpty)
        for _ in 1...2 { _ = try install() }
        #expect(directory.names(in: "bin") == [Self.record] + Self.programs)
        #expect(directory.names(in: "root/usr/local/sbin") == daemon)
        for program in daemon { #expect(directory.contents("root/usr/local/sbin/\(program)") == "new \(program)") }
        #expect(directory.names(in: "root/etc/systemd/system") == ["flanneld.service"])

        // Settings that were changed stay, also when all goes.
        try directory.write("root/etc/default/flanneld", "FLANNELD_IFACE=eth1\n")
        #expect(try install().contains("keep \(directory.path)/root/etc/default/flanneld, which has been changed\n"))
        try self.install("--uninstall")
        #expect(directory.names(in: "root/usr/local/sbin").isEmpty)
        #expect(directory.contents("root/etc/default/flanneld") == "FLANNELD_IFACE=eth1\n")
    }

    /// The unit's program is where it is installed, and every setting is a flag's.
    @Test func theDaemonsSettingsAreFlags() throws {
        #expect(try Repository.text("conf/flanneld/flanneld.service").contains("ExecStart=/usr/local/sbin/flanneld\n"))
        let usage = Flag.usage
        for setting in try Repository.text("conf/flanneld/flanneld.env").matches(of: /(?m)^#?FLANNELD_(\w+)=/) {
            let flag = String(setting.1).lowercased().replacing("_", with: "-")
            #expect(usage.contains("--\(flag)"), "\(flag)")
        }
    }

    @Test func installsNoConfigurationWhenToldSo() throws {
        try install("--no-check", "--no-conf")
        #expect(directory.names() == ["bin"])
    }

    @Test func saysThatItReplacesAnotherProgramAndPutsItBack() throws {
        let bridge = try directory.write("bin/bridge", "another", mode: 0o755)
        try directory.write("bin/portmap", "of no concern", mode: 0o755)
        let notice = "keep \(bridge), which is another program's, as bridge.before-swift-cni\n"
        #expect(try install("--no-check").contains(notice))
        #expect(try !install("--no-check").contains(notice))
        #expect(directory.contents("bin/bridge.before-swift-cni") == "another")
        try install("--uninstall")
        #expect(directory.names(in: "bin") == ["bridge", "portmap"])
        #expect(directory.contents("bin/bridge") == "another")
    }

    @Test func uninstallingKeepsWhatWasChangedSince() throws {
        try install("--no-check")
        try directory.write("net.d/\(Self.conf)", "{}")
        try directory.write("bin/loopback", "another", mode: 0o755)
        let output = try install("--uninstall")
        #expect(output.contains("keep \(directory.path)/bin/loopback, which has been changed\n"))
        #expect(directory.names(in: "bin") == ["loopback"])
        #expect(directory.names(in: "net.d") == [Self.conf])
        #expect(throws: CommandFailure.self) { try install("--uninstall") }
    }

    @Test(arguments: [
        ["--frobnicate"], ["--bin-dir"], ["--from", "/nonexistent"], ["--bin-dir", "/dev/null/bin"],
    ])
    func refusesWhatItCannotDo(arguments: [String]) throws {
        let failure = try #require(throws: CommandFailure.self) { try install(arguments) }
        #expect(failure.description.contains(": install.sh: "), "\(failure)")
        #expect(directory.names().isEmpty)
    }

    @Test func takesNoOtherProgramForSwift() throws {
        try directory.writeExecutable("path/swift", "#!/bin/sh\necho python-swiftclient 4.1.0\n")
        #expect(try !foundSwift().contains(directory.path))
        try directory.writeExecutable("path/swift", "#!/bin/sh\necho 'Swift version 99.1 (swift-99.1-RELEASE)'\n")
        #expect(try foundSwift() == "\(directory.path)/path/swift 99.1\n")
    }

    /// What install.sh finds when the test's folder is the first in PATH.
    private func foundSwift() throws -> String {
        let path = "\(directory.path)/path:\(ProcessEnvironment.value(of: "PATH") ?? "")"
        return try host.run(
            "env", "PATH=\(path)", "root=\(Repository.root)", "sh", "-euc",
            #". "$root/Sources/Tools/toolchain.sh"; find_swift; echo "$swift $swift_version""#)
    }

    private func proven() throws -> String { try install("--from", Executables.own) }

    @discardableResult
    private func install(_ arguments: String...) throws -> String {
        try install(arguments)
    }

    private func install(_ arguments: [String]) throws -> String {
        try host.namespace.output(
            of: "sh",
            [
                Repository.path("install.sh"), "--bin-dir", "\(directory.path)/bin", "--conf-dir",
                "\(directory.path)/net.d", "--from", built.path,
            ] + arguments)
    }

    /// Every file's checksum, time and inode.
    private func snapshot() throws -> String {
        try host.run("sh", "-euc", "cd '\(directory.path)' && find . -printf '%p %i %T@\\n' | sort")
    }
}
