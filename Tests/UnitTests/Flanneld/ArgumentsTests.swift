import FlannelDaemon
import Testing

@testable import Flanneld

struct ArgumentsTests {
    private func options(_ words: [String], _ variables: [String: String] = [:]) throws -> DaemonOptions {
        let arguments = try Arguments(words, environment: { variables[$0] }, report: { _ in })
        guard case .run(let options) = arguments.request else { throw ArgumentError("nothing to run") }
        return options
    }

    @Test func hasTheDefaultsOfTheReference() throws {
        let options = try options([])
        #expect(options.etcd.endpoints == ["http://127.0.0.1:4001", "http://127.0.0.1:2379"])
        #expect(options.etcd.prefix == "/coreos.com/network")
        #expect(options.reconciler.subnetFile == "/run/flannel/subnet.env")
        #expect(options.renewMargin == 60 && options.healthPort == 0 && options.healthAddress == "0.0.0.0")
        #expect(!options.reconciler.masquerades && options.reconciler.hasRandomPorts && options.reconciler.forwards)
    }

    @Test(arguments: [
        ["-etcd-endpoints=http://a:1,http://b:2", "--ip-masq", "-iface", "eth1", "--iface=eth2", "-v=5"],
        ["--etcd-endpoints", "http://a:1,http://b:2", "-ip-masq=true", "-iface=eth1", "-iface", "eth2"],
    ])
    func takesOneDashAndTwo(words: [String]) throws {
        let options = try options(words)
        #expect(options.etcd.endpoints == ["http://a:1", "http://b:2"])
        #expect(options.reconciler.masquerades)
        #expect(options.reconciler.underlay.interfaces == ["eth1", "eth2"])
    }

    @Test func variablesStandInForFlagsThatAreNotGiven() throws {
        let variables = [
            "FLANNELD_ETCD_PREFIX": "/x", "FLANNELD_IFACE": "eth7", "FLANNELD_IP_MASQ": "yes", "FLANNELD_PUBLIC_IP": "",
            "FLANNELD_HEALTHZ_PORT": "8080", "FLANNELD_IP_MASQ_FULLY_RANDOM_DISABLE": "1",
        ]
        let options = try options(["-etcd-prefix=/y"], variables)
        #expect(options.etcd.prefix == "/y" && options.healthPort == 8080)
        #expect(options.reconciler.underlay.interfaces == ["eth7"] && options.reconciler.underlay.publicIP == nil)
        #expect(!options.reconciler.masquerades && !options.reconciler.hasRandomPorts)
    }

    @Test(arguments: [
        (["-x"], "flag provided but not defined: -x; --help lists the flags"),
        (["--iface"], "flag needs an argument: -iface"), (["eth0"], "unexpected argument \"eth0\""),
        (["-ip-masq=maybe"], "invalid boolean value \"maybe\" for -ip-masq: expected true or false"),
        (["-healthz-port=x"], "invalid value \"x\" for flag -healthz-port: expected a number"),
        (
            ["-subnet-lease-renew-margin=1440"],
            "Invalid subnet-lease-renew-margin option, out of acceptable range: 1440 is not in 1 to 1439"
        ),
        (
            ["-on-lease-lost=wait"], "invalid value \"wait\" for -on-lease-lost: expected exit or reacquire"
        ),
        (
            ["--kube-subnet-mgr"],
            "--kube-subnet-mgr: leases by Kubernetes come with a later release; without it they are in etcd"
        ),
        (["---iface=x"], "unexpected argument \"---iface=x\""),
    ])
    func saysWhatIsWrong(words: [String], message: String) {
        #expect(throws: ArgumentError(message)) { try options(words) }
    }

    @Test func helpListsEveryFlagThatDoesSomething() throws {
        let usage = Flag.usage
        for flag in Flag.all where !flag.help.isEmpty { #expect(usage.contains("--\(flag.name)")) }
        guard
            case .help = try Arguments(["-x=1", "--help"].reversed(), environment: { _ in nil }, report: { _ in })
                .request
        else { throw ArgumentError("no help") }
    }
}
