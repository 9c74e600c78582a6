import Foundation
import TestSupport
import Testing

/// What a reader pastes is what runs here.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct ReadmeTests {
    @Test func firstTenMinutesDoWhatTheySay() throws {
        let host = try TestHost()
        let output = try run(Page("README.md").commands(below: "First ten minutes"), on: host)
        #expect(output.contains("10.22.0.2/16"))
        #expect(output.contains(" 0% packet loss"))
        #expect(output.contains("cni_bridge"))
        #expect(output.contains("\n10.22.0.2  cnitool-"))
        #expect(try host.linkNames() == ["cni0", "lo"])
        #expect(try host.ruleset().isEmpty)
    }

    @Test func cnitoolDoesWhatItsPageSays() throws {
        let host = try TestHost()
        let commands = try Page("Sources/Tools/cnitool/README.md").commands(below: "`cnitool`")
        let output = try run("export NETCONFPATH=\"$PWD/conf\"\n\(commands)", on: host)
        #expect(output.contains("10.22.0.2/16"))
        #expect(try host.linkNames() == ["cni0", "lo"])
    }

    @Test func cnitoolHelpsWithWhatItsPageLists() throws {
        let page = try Page("Sources/Tools/cnitool/README.md")
        let help = try TestHost().run("env", "\(Executables.own)/cnitool", "--help")
        for line in help.matches(of: /(?m)^(?:usage:| {6}) (cnitool .*)$/) {
            #expect(page.codeSpans.contains(String(line.1)))
        }
        for variable in help.matches(of: /(?m)^  ([A-Z_]{8,})/) {
            #expect(page.codeSpans.contains(String(variable.1)))
        }
    }

    @Test func overlayOnSeveralHostsIsMadeAsItSays() throws {
        let host = try TestHost()
        try host.namespace.shell(
            """
            ip link add eth0 type veth peer name wire
            ip address add 192.168.1.11/24 dev eth0
            ip link set eth0 up
            ip link set wire up
            """)
        let steps = try Page("Sources/Plugins/vxlan/README.md").blocks
            .filter { $0.heading == "Use on several hosts" && $0.text.contains("cnitool") }.map(\.text)
        let output = try run("export NETCONFPATH=\"$PWD/conf\"\n\(steps.joined())", on: host)
        #expect(output.contains("10.244.2.0/24 via 10.244.2.0 dev vxlan.1"))
        #expect(output.contains("10.244.3.0/24 via 10.244.3.0 dev vxlan.1"))
        #expect(output.contains("\"10.244.1.2/24\""))
        #expect(try host.linkNames() == ["cni-overlay", "eth0", "lo", "vxlan.1", "wire"])
    }

    @Test func overlayOnOneMachineDoesWhatItSaysAndLeavesNothing() throws {
        let host = try TestHost()
        let script = try Page("Sources/Plugins/vxlan/README.md").commands(below: "Try it on one machine")
        let output = try host.namespace.output(
            of: "env", ["CNI_PATH=\(Executables.own)"] + host.launcher + ["sh", "-euc", script])
        let pairs = ["12", "13", "21", "23", "31", "32", "41", "42", "43"]
        let lines = output.split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(pairs.count)
                == pairs.map { "container\($0.prefix(1)) reaches container\($0.suffix(1)) with 1450 bytes" }[...])
        #expect(lines.filter { $0.contains(" dev vxlan.1 ") }.count == 3)
        // The container has lost the interface that the plugin gave it.
        #expect(lines.count == pairs.count + 4 && lines.last?.hasPrefix("lo ") == true, "\(output)")
        #expect(try host.linkNames() == ["lo"])
        // mount(8) has a folder in /run wherever it runs.
        #expect(host.directory.names().filter { $0 != "mount" } == ["lib"])
        #expect(host.directory.names(in: "lib").isEmpty)
    }

    @Test(.enabled(if: FlannelHost.isAvailable))
    func flannelOnOneMachineDoesWhatItSaysAndLeavesNothing() throws {
        let host = try TestHost()
        let script = try Page("Sources/Tools/flanneld/README.md").commands(below: "Try it on one machine")
        let path = "\(TestEtcd.folder):\(Executables.folders.joined(separator: ":"))"
        // The daemon may be elsewhere than the plugins.
        try FileManager.default.createSymbolicLink(
            atPath: "\(host.directory.path)/flanneld", withDestinationPath: try #require(Executables.flanneld))
        let output = try host.namespace.output(
            of: "env",
            ["CNI_PATH=\(host.directory.path):\(Executables.own)", "PATH=\(path)"] + host.launcher
                + ["sh", "-euc", script])
        for pair in ["12", "13", "21", "23", "31", "32", "41", "42", "43"] {
            #expect(output.contains("container\(pair.prefix(1)) reaches container\(pair.suffix(1)) with 1450 bytes\n"))
        }
        #expect(output.matches(of: #/ dev flannel\.1 /#).count == 3, "\(output)")
        #expect(output.contains("\nflanneld is ready\n"))
        #expect(try host.linkNames() == ["lo"])
        #expect(host.directory.names(in: "lib").isEmpty)
    }

    /// Runs commands that attach `blue` and let it go, in the repository's folder, and sees that they leave nothing.
    private func run(_ commands: String, on host: TestHost) throws -> String {
        let output = try host.run(
            "env", "PATH=\(Executables.own):/usr/sbin:/usr/bin:/sbin:/bin", "CNI_PATH=\(Executables.own)", "unshare",
            "--mount", "--propagation", "private", "sh", "-euxc",
            """
            cd '\(Repository.root)'
            mount -t tmpfs tmpfs /run
            mount -t tmpfs tmpfs /var/lib
            \(commands)
            echo "namespaces: $(ip netns list)"
            echo "kept: $(find /var/lib/cni -name '10.*' -o -path '*/results/*')"
            """)
        #expect(output.hasSuffix("namespaces: \nkept: \n"))
        return output
    }
}
