import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// GC and STATUS.
extension FlannelDelegateTests {
    @Test mutating func garbageIsCollectedUnderEachConfigurationThatItWasAddedWith() throws {
        for id in ["old", "cid1"] { #expect(try run("ADD", id: id).succeeded) }
        try network.writeSubnets("10.244.9.1/24")
        for id in ["new1", "new2"] { #expect(try run("ADD", id: id).succeeded) }
        try network.host.directory.write(
            "flannel/reference", Self.rendering.replacingOccurrences(of: "1400", with: "1300"))
        let before = plugins.calls.count
        let valid: JSONValue = [["containerID": "cid1", "ifname": "eth0"]]
        network.more["cni.dev/valid-attachments"] = valid
        network.more["cni.dev/attachments"] = valid
        #expect(try run("GC").succeeded)
        let calls = plugins.calls[before...]
        #expect(calls.map(\.name) == ["alpha GC", "alpha GC", "alpha GC"])
        for call in calls {
            #expect(try call.member("cni.dev/valid-attachments") == valid)
            #expect(try call.member("cni.dev/attachments") == valid)
        }
        #expect(Set(calls.map { $0.input.contains("10.244.9.0") }) == [true, false])
        #expect(calls.contains { $0.input.contains("1300") })
        #expect(network.saved == ["cid1", "cid1:eth0"])
    }

    @Test mutating func whatTheDelegateCouldNotCollectIsKept() throws {
        #expect(try run("ADD").succeeded)
        try plugins.install("alpha", #"echo '{"code":5,"msg":"disk on fire"}'; exit 1"#)
        // A runtime that sends no list knows of nothing that is stale.
        #expect(try run("GC").succeeded)
        network.more["cni.dev/valid-attachments"] = []
        #expect(try run("GC").errorMessage == "disk on fire")
        #expect(network.saved == ["cid1", "cid1:eth0"])
        // Half-written files of a killed process go with the rest.
        try network.host.directory.write("flannel/.cbr0/cid1:eth0.77.tmp", "{")
        try plugins.install("alpha")
        #expect(try run("GC").succeeded)
        #expect(network.saved.isEmpty)
    }

    @Test func statusIsTheDelegates() throws {
        #expect(try run("STATUS").succeeded)
        #expect(plugins.callNames == ["alpha STATUS"])
        #expect(plugins.calls.first?.input == Self.rendering)
        try plugins.install("alpha", #"echo '{"code":51,"msg":"limited"}'; exit 1"#)
        #expect(try run("STATUS").errorCode == 51)
    }

    @Test(arguments: refusals.prefix(3))
    func statusTellsWhyThereIsNoSubnetAndWhereToLook(refusal: Refusal) throws {
        try network.removeSubnets()
        if let lines = refusal.lines { try network.writeFile(lines) }
        let status = try run("STATUS")
        #expect(status.errorCode == 50)
        #expect(
            status.errorMessage
                == refusal.message.replacingOccurrences(of: "FILE", with: "\(folder)/run/subnet.env"))
        #expect(status.json.object?["details"]?.string?.contains("journalctl -u flanneld") == true)
        #expect(plugins.calls.isEmpty)
    }

    @Test(.enabled(if: temporaryFolderIsOnDisk)) func statusDoesNotTrustAFileThatSurvivedAReboot() throws {
        let file = "\(folder)/run/subnet.env"
        try network.host.run("touch", "-d", "2001-01-01", file)
        let status = try run("STATUS")
        #expect(status.errorCode == 50)
        #expect(
            status.errorMessage == "failed to load flannel 'subnet.env' file: \(file) was written before this machine "
                + "was started. Check the flannel pod log for this node.")
        // The subnet is most likely the same again, so containers are not kept waiting.
        #expect(try run("ADD").succeeded)
    }

    @Test func aFileInMemoryIsOfThisBootWhateverTheClockSaid() throws {
        let file = try network.host.directory.write("subnet.env", SubnetLines.complete.joined(separator: "\n"))
        var call = network.call(nil)
        call.moreDirectories = [plugins.path]
        call.launcher = [
            try #require(Executables.find("unshare")), "-m", "sh", "-euc",
            #"mount -t tmpfs tmpfs "$1"; cp "$0" "$1"; touch -d 2001-01-01 "$1/subnet.env"; exec "$2""#, file,
            "\(folder)/run",
        ]
        #expect(try call.run("STATUS", on: network.host).succeeded)
        #expect(plugins.callNames == ["alpha STATUS"])
    }

    private static let temporaryFolderIsOnDisk: Bool = {
        let folder = try? TemporaryDirectory()
        let kind = folder.flatMap { try? NetworkNamespace.current().output(of: "stat", ["-f", "-c", "%T", $0.path]) }
        return kind != nil && kind != "tmpfs\n" && kind != "ramfs\n"
    }()
}
