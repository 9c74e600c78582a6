import JSON
import LinuxSystem
import TestSupport
import Testing

/// A machine that starts again, played by another boot id in a mount namespace.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct HostLocalRebootTests {
    private func rebooted(_ network: LeaseNetwork, _ command: String, _ id: String) throws -> PluginOutcome {
        let boot = try network.files.write("boot_id", "00000000-0000-4000-8000-000000000002\n")
        let unshare = try #require(Executables.find("unshare"))
        return try network.run(
            command, id,
            behind: [
                unshare, "-m", "sh", "-c", #"mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$1""#, boot,
            ])
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
