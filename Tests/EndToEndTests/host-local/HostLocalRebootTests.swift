import JSON
import LinuxSystem
import TestSupport
import Testing

/// A machine that starts again, played by another file of the kernel's in the place of its boot id: a number that is
/// another one whenever it is read.
@Suite(.enabled(if: Executables.canCreateNamespaces && LeaseNetwork.isOnKnownMachine))
struct HostLocalRebootTests {
    private static let boot = "/proc/sys/kernel/random/boot_id"

    private func rebooted(
        _ network: LeaseNetwork, _ command: String, _ id: String,
        _ prelude: String = "mount --bind /proc/sys/kernel/random/uuid \(boot)"
    ) throws -> PluginOutcome {
        let unshare = try #require(Executables.find("unshare"))
        return try network.run(command, id, behind: [unshare, "-m", "-u", "sh", "-c", prelude + #" && exec "$0""#])
    }

    private func small(_ more: JSONObject = [:]) throws -> LeaseNetwork {
        var ipam = more
        ipam["subnet"] = "10.1.2.0/30"
        return try LeaseNetwork(ipam)
    }

    @Test func reclaimsWhenNothingElseIsFree() throws {
        let network = try small()
        #expect(try network.run("ADD", "c1").succeeded)
        #expect(try network.run("ADD", "c2").errorCode == 11)
        #expect(try rebooted(network, "STATUS", "c2").succeeded)
        let added = try rebooted(network, "ADD", "c2")
        #expect(added.addresses == ["10.1.2.2/30"], "\(added.output)")
        #expect(network.lease("10.1.2.2") == "c2\r\neth0")
    }

    /// Nobody knows of another machine's containers whether they have ended.
    @Test func reclaimsNothingOfAnotherMachine() throws {
        let network = try small()
        try network.run("ADD", "c1")
        let other = "hostname another && mount --bind /proc/sys/kernel/random/uuid \(Self.boot)"
        #expect(try rebooted(network, "ADD", "c2", other).errorCode == 11)
        #expect(try rebooted(network, "STATUS", "c2", other).errorCode == 50)
        #expect(try rebooted(network, "ADD", "c1", other).errorCode == 999)
        #expect(network.lease("10.1.2.2") == "c1\r\neth0")
        #expect(try rebooted(network, "ADD", "c2").addresses == ["10.1.2.2/30"])
    }

    /// A container with a boot id of its own, as systemd-nspawn gives it, is on a machine whose boot goes on.
    @Test func reclaimsNothingByABootIDThatIsNotTheKernels() throws {
        let network = try small()
        let file = try network.files.write("boot_id", "00000000-0000-4000-8000-000000000002\n")
        let own = "mount --bind \(file) \(Self.boot)"
        try network.run("ADD", "c1")
        #expect(try rebooted(network, "ADD", "c2", own).errorCode == 11)
        try network.run("DEL", "c1")
        #expect(try rebooted(network, "ADD", "c2", own).succeeded)
        #expect(try network.run("ADD", "c1").errorCode == 11)
        #expect(try rebooted(network, "ADD", "c1").errorCode == 11)
    }

    @Test func saysWhatItReclaims() throws {
        let network = try small()
        try network.run("ADD", "c1")
        #expect(
            try rebooted(network, "ADD", "c2").errorOutput
                == "lease 10.1.2.2 of c1 (eth0) reclaimed: made before the last boot, and /some/where is gone\n")
    }

    @Test func givesTheSameContainerItsAddressAgain() throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        try network.run("ADD", "c1")
        try network.run("ADD", "c2")
        #expect(try network.run("ADD", "c1").errorCode == 999)
        #expect(try rebooted(network, "ADD", "c1").addresses == ["10.1.2.2/24"])
        #expect(network.leased == ["10.1.2.2", "10.1.2.3"])
    }

    @Test func givesARequestedAddressThatTheDeadHave() throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        network.more["runtimeConfig"] = ["ips": ["10.1.2.77"]]
        try network.run("ADD", "c1")
        #expect(try rebooted(network, "ADD", "c1").addresses == ["10.1.2.77/24"])
    }

    @Test func reclaimsNothingWhenTold() throws {
        let network = try small(["reclaim": false])
        try network.run("ADD", "c1")
        #expect(try rebooted(network, "ADD", "c2").errorCode == 11)
        #expect(try rebooted(network, "ADD", "c1").errorCode == 999)
    }

    @Test func keepsWhatTheReferenceLeased() throws {
        let network = try small()
        try network.files.write("mynet/10.1.2.2", "c1\r\neth0")
        #expect(try rebooted(network, "ADD", "c2").errorCode == 11)
        #expect(try rebooted(network, "DEL", "c1").succeeded)
        #expect(try rebooted(network, "ADD", "c2").succeeded)
    }
}
