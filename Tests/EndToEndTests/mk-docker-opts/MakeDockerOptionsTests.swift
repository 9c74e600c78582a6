import Foundation
import TestSupport
import Testing

/// `mk-docker-opts` as an administrator runs it.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct MakeDockerOptionsTests {
    let host: TestHost

    init() throws {
        host = try TestHost()
        try host.directory.write("subnet.env", "FLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=false\n")
    }

    private func run(_ words: String..., environment: [String: String?] = [:]) throws -> PluginOutcome {
        try host.outcome(of: ["\(Executables.own)/mk-docker-opts"] + words, environment, input: [])
    }

    private var subnetFile: String { "\(host.directory.path)/subnet.env" }
    private var output: String { "\(host.directory.path)/docker_opts.env" }

    @Test func writesAFileThatAShellAndTheReferenceAgreeOn() throws {
        #expect(try run("-f", subnetFile, "-d", output).succeeded)
        #expect(
            host.directory.contents("docker_opts.env") == """
                DOCKER_OPT_BIP="--bip=10.1.74.1/24"
                DOCKER_OPT_IPMASQ="--ip-masq=true"
                DOCKER_OPT_MTU="--mtu=1472"
                DOCKER_OPTS=" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472"

                """)
        #expect(
            try host.run("sh", "-c", ". \(output); printf '%s,' $DOCKER_OPTS")
                == "--bip=10.1.74.1/24,--ip-masq=true,--mtu=1472,")
        let mode = try FileManager.default.attributesOfItem(atPath: output)[.posixPermissions] as? Int
        #expect(mode == 0o644)
    }

    @Test func goesOnWithoutAFile() throws {
        #expect(try run("-f", "\(host.directory.path)/none", "-d", output).succeeded)
        #expect(host.directory.contents("docker_opts.env") == "DOCKER_OPTS=\"\"\n")
    }

    @Test func writesToWhatIsNoFile() throws {
        let outcome = try run("-f", subnetFile, "-d", "/proc/self/fd/1", "-c", environment: ["DOCKER_OPTS": "-D"])
        #expect(outcome.output == "DOCKER_OPTS=\"-D  --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n")
    }

    @Test func saysWhatIsWrong() throws {
        try host.directory.write("wrong.env", "FLANNEL_IPMASQ=perhaps\n")
        for (words, said) in [
            (["-h"], "usage: mk-docker-opts"), (["-z"], "usage: mk-docker-opts"),
            (["-f", "\(host.directory.path)/wrong.env", "-d", output], "Invalid value of FLANNEL_IPMASQ: perhaps"),
            (["-f", subnetFile, "-d", "/nonexistent/file"], "mk-docker-opts: open /nonexistent/file"),
        ] {
            let outcome = try host.outcome(of: ["\(Executables.own)/mk-docker-opts"] + words)
            #expect(outcome.ending == .exited(1) && outcome.errorOutput.hasPrefix(said), "\(outcome)")
        }
    }

    @Test func aSubnetThatLeadsElsewhereIsNamed() throws {
        try host.namespace.shell(
            "ip link add br0 type bridge; ip link set br0 up; ip address add 192.168.5.1/24 dev br0")
        try host.run("ip", "route", "add", "10.1.74.0/24", "via", "192.168.5.2")
        let outcome = try run("-f", subnetFile, "-d", output)
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.errorOutput
                == "Your routing table already contains the subnet: 10.1.74.0/24 via 192.168.5.2\n")
        #expect(host.directory.contents("docker_opts.env")?.contains("--bip=10.1.74.1/24") == true)
    }
}
