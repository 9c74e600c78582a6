import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Masquerade by iptables, which the user asked for.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeIptablesTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        network.version = "1.1.0"
        network.ranges = [[["subnet": "10.88.0.0/24"]], [["subnet": "fd00:88::/64"]]]
        network.more["ipMasq"] = true
        network.more["ipMasqBackend"] = "iptables"
        container = try TestContainer()
    }

    /// The rules of NAT in both families, whichever variant of iptables `PATH` has.
    private func rules() throws -> [String] {
        try ["iptables", "ip6tables"].flatMap { program in
            try network.host.run(program, "-t", "nat", "-S").split(separator: "\n").map(String.init)
                .filter { !$0.hasPrefix("-P ") }
        }
    }

    /// SHA-512 of `net1cid1`, as the reference names the chain.
    private static let chain = "CNI-e8f6f419596f7f47b3468487"

    private static let expected = {
        let comment = #"-m comment --comment "name: \"net1\" id: \"cid1\"""#
        return [("10.88.0.0/24", "224.0.0.0/4", "10.88.0.2/32"), ("fd00:88::/64", "ff00::/8", "fd00:88::2/128")]
            .flatMap { subnet, multicast, address in
                [
                    "-N \(chain)",
                    "-A POSTROUTING -s \(address) \(comment) -j \(chain)",
                    "-A \(chain) -d \(subnet) \(comment) -j ACCEPT",
                    "-A \(chain) ! -d \(multicast) \(comment) -j MASQUERADE",
                ]
            }
    }()

    @Test func makesTheReferencesRulesAndRemovesThem() throws {
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        #expect(try rules() == Self.expected)
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")

        try network.host.run("iptables", "-t", "nat", "-F", Self.chain)
        let missing = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(missing.errorMessage == "Masquerade of 10.88.0.2, fd00:88::2 is missing")

        var call = network.call(container)
        call.namespacePath = nil
        #expect(try call.run("DEL", on: network.host).succeeded)
        #expect(try rules().isEmpty)
        #expect(try call.run("DEL", on: network.host).succeeded)
    }

    /// An iptables that waits for somebody's lock would make its rules after the DEL that follows.
    @Test func iptablesEndsWithThePluginThatRunsIt() async throws {
        let host = network.host
        let fifo = "\(host.directory.path)/alive"
        try host.run("mkfifo", fifo)
        // It holds the writing end as long as it lives, and asks for its caller to be killed.
        try host.directory.writeExecutable(
            "sbin/iptables", "#!/bin/sh\nexec 9> \(fifo)\ncat >/dev/null\nkill -KILL $PPID\nexec sleep 1000 >&- 2>&-\n")
        try host.directory.writeExecutable("sbin/iptables-restore", "#!/bin/sh\nexit 1\n")
        var call = network.call(container)
        call.launcher = ["/usr/bin/env", "PATH=\(host.directory.path)/sbin:/usr/sbin:/usr/bin:/sbin:/bin"]
        let killed = call
        async let outcome = onThread { try killed.run("ADD", on: host) }
        // Comes to its end when nobody holds the other one any more.
        let left = try await onThread { try FileDescriptor.open(fifo, O_RDONLY).readToEnd() }
        #expect(left.isEmpty)
        #expect(try await outcome.ending == .signalled(SIGKILL))
        #expect(try network.call(container).run("DEL", on: host).succeeded)
    }

    @Test func leavesOtherContainersAndOthersRulesAlone() throws {
        try network.host.run("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.99.0.0/16", "-j", "MASQUERADE")
        let other = try TestContainer()
        #expect(try network.call(other, id: "cid0").run("ADD", on: network.host).succeeded)
        let before = try rules()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try rules() == before)
    }

    @Test mutating func interfacesOfOneContainerShareTheChainUntilTheLastIsGone() throws {
        network.ranges = [[["subnet": "10.88.0.0/24"]]]
        var second = network.call(container)
        second.interfaceName = "net1"
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try second.run("ADD", on: network.host).succeeded)
        let both = try rules()
        #expect(both.filter { $0.hasPrefix("-A POSTROUTING") }.count == 2)
        #expect(both.filter { $0.hasPrefix("-A CNI-") }.count == 2)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        let rest = try rules()
        #expect(rest.filter { $0.hasPrefix("-A POSTROUTING") }.count == 1)
        #expect(rest.filter { $0.hasPrefix("-A CNI-") }.count == 2)
        #expect(try second.run("DEL", on: network.host).succeeded)
        #expect(try rules().isEmpty)
    }

    @Test func garbageCollectionRemovesRulesOfThoseThatAreGone() throws {
        let valid = try TestContainer()
        #expect(try network.call(valid, id: "valid").run("ADD", on: network.host).succeeded)
        let before = try rules()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        var call = network.call(nil)
        call.configuration = network.configuration(keeping: ["valid"])
        let collected = try call.run("GC", on: network.host)
        #expect(collected.succeeded, "\(collected.output)")
        #expect(try rules() == before)
        #expect(network.leasedAddresses == ["10.88.0.2", "fd00:88::2"])
    }

    @Test func failedAddLeavesNoRules() throws {
        try network.host.run("ip6tables", "-t", "nat", "-N", Self.chain)
        // Someone else's rule leads to the chain, so it cannot be removed behind ours.
        try network.host.run("ip", "link", "add", "bridge0", "type", "bridge")
        try network.host.run("ip", "address", "add", "192.0.2.1/24", "dev", "bridge0")
        let before = try rules()
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(!refused.succeeded)
        #expect(try rules() == before)
    }

    @Test(.enabled(if: Executables.hasReference), arguments: [true, false])
    func eitherSuiteRemovesWhatTheOtherMade(isOursFirst: Bool) throws {
        var reference = network
        reference.version = "1.0.0"
        reference.more["ipMasqBackend"] = .null
        var theirs = reference.call(container)
        theirs.directory = Executables.reference
        let ours = network.call(container)
        #expect(try (isOursFirst ? ours : theirs).run("ADD", on: network.host).succeeded)
        #expect(try Set(rules()) == Set(Self.expected))
        let deleted = try (isOursFirst ? theirs : ours).run("DEL", on: network.host)
        #expect(deleted.succeeded, "\(deleted.output)")
        #expect(try rules().isEmpty)
    }
}
