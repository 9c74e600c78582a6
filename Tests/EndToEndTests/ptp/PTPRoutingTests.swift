import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Containers of three hosts that tell each other of them by BGP, with the configurations of conf/ and of the plugin's page.
@Suite(.enabled(if: Executables.canCreateNamespaces && UnpackedProgram.isAvailable("bird")))
struct PTPRoutingTests {
    let network: TestHost
    let hosts: [TestHost]
    let containers: [TestContainer]

    init() throws {
        network = try TestHost()
        hosts = try (1...3).map { _ in try TestHost() }
        containers = try (1...3).map { _ in try TestContainer() }
        try network.namespace.shell("ip link add switch type bridge mcast_snooping 0 && ip link set switch up")
        for (number, host) in zip(1..., hosts) {
            try network.namespace.shell(
                """
                ip link add port\(number) type veth peer name eth0 netns \(host.namespace.path)
                ip link set port\(number) master switch up
                """)
            // What nobody knows yet gets no answer, not even that it is unreachable, which would end a ping.
            try host.namespace.shell(
                """
                ip address add 192.168.1.1\(number)/24 dev eth0
                ip link set eth0 up
                ip route add blackhole default
                """)
        }
    }

    /// Attaches a host's container by the list in conf/, with the host's own subnet.
    private func call(_ number: Int) throws -> PluginCall {
        let text = try Repository.text("conf/70-routed.conflist")
        let list = try JSONValue(parsing: text.replacing("10.60.1.0/24", with: "10.60.\(number).0/24")).object
        var plugin = try #require(list?["plugins"]?.array?.first?.object)
        plugin["name"] = list?["name"]
        plugin["cniVersion"] = "1.1.0"
        var call = PluginCall("ptp", .object(plugin), in: containers[number - 1])
        call.launcher = hosts[number - 1].launcher
        return call
    }

    /// Starts BIRD on a host, with the page's configuration but for the first line.
    private func startBIRD(_ number: Int) throws -> UnpackedProgram {
        let shown = try #require(try Page("Sources/Plugins/ptp/README.md").blocks.first { $0.language == "bird" }).text
        let text = shown.replacing("router id 192.168.1.11;", with: "router id 192.168.1.1\(number);")
        let host = hosts[number - 1]
        let file = try host.directory.write("bird.conf", text)
        let control = "\(host.directory.path)/bird.ctl"
        return try UnpackedProgram("bird", ["-f", "-c", file, "-s", control], on: host)
    }

    @Test func containersOfThreeHostsReachEachOtherAsTheyAre() throws {
        for number in [1, 2] {
            let added = try call(number).run("ADD", on: hosts[number - 1])
            try #require(added.succeeded, "\(added.output)")
        }
        let daemons = try (1...3).map(startBIRD)
        // The third comes when the daemon is there already.
        let added = try call(3).run("ADD", on: hosts[2])
        #expect(added.addresses == ["10.60.3.2/24"], "\(added.output)")
        for container in containers { try container.namespace.noteEchoSources() }
        for (number, container) in zip(1..., containers) {
            for other in 1...3 where other != number {
                let log = hosts[number - 1].directory.contents("bird.log") ?? ""
                try #require(container.reaches("10.60.\(other).2", within: 120), "\(number) to \(other): \(log)")
            }
        }
        for (number, container) in zip(1..., containers) {
            let others = (1...3).filter { $0 != number }
            #expect(try container.namespace.echoSources() == others.map { "10.60.\($0).2" })
            let routes = try hosts[number - 1].run("ip", "route", "show", "proto", "bird")
            #expect(
                routes.split(separator: "\n").map { $0.split(separator: " ").prefix(5).joined(separator: " ") }.sorted()
                    == others.map { "10.60.\($0).2 via 192.168.1.1\($0) dev eth0" })
            #expect(try hosts[number - 1].ruleset().isEmpty)
        }

        // A container that goes is nowhere known any more.
        #expect(try call(2).run("DEL", on: hosts[1]).succeeded)
        try hosts[0].run("ip", "route", "replace", "unreachable", "default")
        let isUnknown = #"ping -i 0.2 -w 120 10.60.2.2 | grep -q -m 1 "^From 10.60.1.1 .*Unreachable""#
        #expect(throws: Never.self) { try containers[0].shell(isUnknown) }
        withExtendedLifetime(daemons) {}
    }
}
