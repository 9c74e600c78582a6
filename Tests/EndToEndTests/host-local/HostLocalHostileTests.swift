import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Names that try to leave the directory, and directories that nothing can be written to.
struct HostLocalHostileTests {
    @Test(arguments: ["../up", "a/b", "..", ".hidden", "a\u{0}b", ""])
    func refusesNetworkNamesThatAreNone(name: String) throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        network.name = name
        for command in ["ADD", "DEL", "CHECK"] { #expect(try network.run(command).errorCode == 7) }
        #expect(network.files.names().isEmpty)
    }

    @Test(arguments: ["../up", "a/b", ".."])
    func refusesContainerIDsThatAreNone(id: String) throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        for command in ["ADD", "DEL", "CHECK"] { #expect(try network.run(command, id).errorCode == 4) }
        #expect(network.files.names().isEmpty)
    }

    @Test(arguments: ["lock", "10.1.2.2", "last_reserved_ip.0"])
    func followsNoSymbolicLink(name: String) throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let target = try network.files.write("target", "c1\r\neth0")
        try FileManager.default.createDirectory(
            atPath: "\(network.files.path)/mynet", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: "\(network.files.path)/mynet/\(name)", withDestinationPath: target)
        let added = try network.run("ADD")
        if name == "lock" {
            #expect(added.errorCode == 5)
            #expect(added.errorMessage?.contains("\(network.files.path)/mynet/lock: Too many levels") == true)
        } else {
            #expect(added.addresses == [name == "10.1.2.2" ? "10.1.2.3/24" : "10.1.2.2/24"])
            #expect(try network.run("DEL").succeeded)
        }
        #expect(network.files.contents("target") == "c1\r\neth0")
    }

    @Test func saysWhatIsInTheWayOfTheDirectory() throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let file = try network.files.write("file", "")
        network.ipam["dataDir"] = .string(file)
        let added = try network.run("ADD")
        #expect(added.errorCode == 5)
        #expect(added.errorMessage == "open \(file)/mynet: Not a directory")
    }

    /// Runs a script in a mount namespace of its own, with a small file system mounted where the leases are.
    private func onSmallDisk(_ network: LeaseNetwork, size: String, _ script: String) throws -> PluginOutcome {
        let prelude = """
            set -u; conf=$(cat); mount -t tmpfs -o size=\(size) none \(network.files.path)
            run() { printf '%s' "$conf" | env CNI_COMMAND=$1 CNI_CONTAINERID=$2 \(network.directory)/host-local; }
            leases() { ls \(network.files.path)/mynet | grep -c '^10' || true; }

            """
        return try ThisMachine().outcome(
            of: ["unshare", "-m", "sh", "-c", prelude + script],
            ["CNI_IFNAME": "eth0", "CNI_NETNS": network.namespacePath, "CNI_PATH": network.directory],
            input: network.configuration.serialized())
    }

    @Test(.enabled(if: Executables.canCreateNamespaces))
    func leavesNothingHalfMadeOnAFullDisk() throws {
        let network = try LeaseNetwork(["subnet": "10.1.0.0/16"])
        let outcome = try onSmallDisk(
            network, size: "256k",
            """
            n=0; while out=$(run ADD c$n); do n=$((n + 1)); done
            echo "$out"; [ $n = $(leases) ] || echo "$n answers, $(leases) leases"
            find \(network.files.path)/mynet -name '10.*' -size 0
            run CHECK c0; run DEL c0; run DEL c1; run DEL c2; run DEL c3; [ $((n - 4)) = $(leases) ] || echo lost
            run ADD again >/dev/null || echo no room
            """)
        let error = try JSONValue(parsing: outcome.output)
        #expect(error.object?["code"] == 5, "\(outcome.output)\(outcome.errorOutput)")
        #expect(error.object?["msg"]?.string?.hasSuffix("No space left on device") == true)
    }

    @Test(.enabled(if: Executables.canCreateNamespaces))
    func saysThatTheDiskIsReadOnly() throws {
        let network = try LeaseNetwork(["subnet": "10.1.0.0/16"])
        let outcome = try onSmallDisk(
            network, size: "256k",
            """
            run ADD c1 >/dev/null; mount -o remount,ro \(network.files.path)
            run CHECK c1 || exit 1
            run ADD c2
            """)
        #expect(outcome.errorCode == 5, "\(outcome.output)\(outcome.errorOutput)")
        #expect(outcome.errorMessage?.contains(network.files.path) == true)
        #expect(outcome.errorMessage?.hasSuffix("Read-only file system") == true)
    }
}
