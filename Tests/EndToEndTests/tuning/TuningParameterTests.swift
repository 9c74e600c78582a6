import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Parameters of the container's namespace: which may be set, and what becomes of them.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct TuningParameterTests {
    var tuned: TunedContainer

    init() throws {
        tuned = try TunedContainer()
    }

    @Test(arguments: [
        "net.ipv4.conf.IFNAME.arp_filter", "net/ipv4/conf/IFNAME/arp_filter", "net.ipv4.conf.eth0.arp_filter",
        "net.ipv4.conf/IFNAME/arp_filter",
    ])
    func setsThemInTheContainerAndRestores(key: String) throws {
        let before = try tuned.parameter("core/somaxconn")
        let ofHost = try tuned.host.run("cat", "/proc/sys/net/core/somaxconn")
        let call = tuned.call(["sysctl": .object([key: "1", "net.core.somaxconn": "500"])])
        let added = try call.run("ADD", on: tuned.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try tuned.parameter("ipv4/conf/eth0/arp_filter") == "1")
        #expect(try tuned.parameter("core/somaxconn") == "500")
        #expect(try tuned.host.run("cat", "/proc/sys/net/core/somaxconn") == ofHost)
        #expect(try call.run("CHECK", on: tuned.host).succeeded)
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.parameter("ipv4/conf/eth0/arp_filter") == "0")
        #expect(try tuned.parameter("core/somaxconn") == before)
        #expect(tuned.records.isEmpty)
    }

    @Test func namesOfInterfacesMayHaveDots() throws {
        try tuned.container.run("ip", "link", "set", "net1", "name", "net1.5")
        var call = tuned.call(["sysctl": ["net/ipv4/conf/net1.5/arp_filter": "1"]])
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        #expect(try tuned.parameter("ipv4/conf/net1.5/arp_filter") == "1")
        call.configuration = tuned.call(["sysctl": ["net.ipv4.conf.IFNAME.log_martians": "1"]]).configuration
        call.interfaceName = "net1.5"
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        #expect(try tuned.parameter("ipv4/conf/net1.5/log_martians") == "1")
    }

    @Test func argumentsGoBeforeTheConfiguration() throws {
        let call = tuned.call([
            "sysctl": ["net.core.somaxconn": "500", "net.ipv4.ip_default_ttl": "40"],
            "args": ["cni": ["sysctl": ["net/core/somaxconn": "600"]]],
        ])
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        #expect(try tuned.parameter("core/somaxconn") == "600")
        #expect(try tuned.parameter("ipv4/ip_default_ttl") == "40")
        // Without any in the configuration, where the reference crashes.
        let alone = tuned.call(["args": ["cni": ["sysctl": ["net.core.somaxconn": "700"]]]])
        #expect(try alone.run("ADD", on: tuned.host).succeeded)
        #expect(try tuned.parameter("core/somaxconn") == "700")
    }

    @Test func writesThoseThatCannotBeRead() throws {
        let call = tuned.call(["sysctl": ["net.ipv4.route.flush": "1"]])
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        #expect(try call.run("CHECK", on: tuned.host).succeeded)
        #expect(try call.run("DEL", on: tuned.host).succeeded)
    }

    @Test func leavesWhatWasSetToAnotherValueSince() throws {
        let call = tuned.call(["sysctl": ["net.core.somaxconn": "500"]])
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        try tuned.container.shell("echo 77 > /proc/sys/net/core/somaxconn")
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.parameter("core/somaxconn") == "77")
    }

    /// Two networks of one container set one parameter, and one of them goes.
    @Test(arguments: [["eth0", "net1"], ["net1", "eth0"]], ["500", "600"])
    func theLastInterfaceRestores(order: [String], second: String) throws {
        let before = try tuned.parameter("core/somaxconn")
        let calls = ["eth0": "500", "net1": second].map { name, value in
            var call = tuned.call(["name": .string("of-\(name)"), "sysctl": ["net.core.somaxconn": .string(value)]])
            call.interfaceName = name
            return call
        }.sorted { $0.interfaceName < $1.interfaceName }
        for call in calls { #expect(try call.run("ADD", on: tuned.host).succeeded) }
        let kept = order[1] == "net1" ? second : "500"
        for (name, value) in zip(order, [kept, before]) {
            let call = try #require(calls.first { $0.interfaceName == name })
            #expect(try call.run("DEL", on: tuned.host).succeeded)
            #expect(try tuned.parameter("core/somaxconn") == value)
        }
    }

    // MARK: The list of what is allowed

    /// Runs a verb where the host's list has these lines, or is a folder.
    private func run(_ verb: String, _ members: JSONObject, allowing list: String?) throws -> PluginOutcome {
        let file = "cni/tuning/allowlist.conf"
        try tuned.host.directory.write("etc/\(list == nil ? "\(file)/x" : file)", list ?? "")
        var call = tuned.call(members)
        call.launcher = [
            Executables.find("unshare") ?? "unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
            #"mount --bind "$0" /etc && exec "$@""#, "\(tuned.host.directory.path)/etc",
        ]
        return try call.run(verb, on: tuned.host)
    }

    static let lists = [
        "^net\\.core\\.somaxconn$", "  ^net.core.somaxconn$  \n\n", "nothing\nsomaxconn", "^net.core.[a-z_]*$",
        "^net\\.\\w+\\.so(?:max|min)conn$", "net[./]core[./]\\D+?n\r\n",
    ]

    @Test(arguments: lists) func setsWhatTheListAllows(list: String) throws {
        let added = try run("ADD", ["sysctl": ["net.core.somaxconn": "500"]], allowing: list)
        #expect(added.succeeded, "\(added.output)")
        #expect(try tuned.parameter("core/somaxconn") == "500")
    }

    @Test(arguments: lists + ["", "\n", "^net/core/somaxconn$"])
    func refusesWhatTheListDoesNotName(list: String) throws {
        let before = try tuned.parameter("core/optmem_max")
        for members: JSONObject in [
            ["sysctl": ["net.core.somaxconn": "500", "net.ipv4.ip_default_ttl": "44"]],
            ["args": ["cni": ["sysctl": ["net.ipv4.ip_default_ttl": "44"]]]],
        ] {
            let added = try run("ADD", members, allowing: list)
            #expect(added.errorCode == 7)
            let lines = list.components(separatedBy: .newlines).map { $0.trimmingCharacters(in: .whitespaces) }
            let shown = lines.filter { !$0.isEmpty }.joined(separator: " ")
            #expect(
                added.errorMessage?.hasSuffix(
                    " is not allowed. Only the following sysctls are allowed: [\(shown)]") == true)
        }
        #expect(try tuned.parameter("core/optmem_max") == before)
        #expect(try tuned.parameter("ipv4/ip_default_ttl") == "64")
    }

    @Test func aListThatCannotBeUsedAllowsNothing() throws {
        let members: JSONObject = ["sysctl": ["net.core.somaxconn": "500"]]
        let torn = try run("ADD", members, allowing: "net.(core")
        #expect(torn.errorCode == 7)
        #expect(
            torn.errorMessage
                == #"/etc/cni/tuning/allowlist.conf: expected a regular expression, got "net.(core""#)
        tuned.host.directory.remove("etc")
        #expect(try run("ADD", members, allowing: nil).errorCode == 5)
        #expect(try tuned.parameter("core/somaxconn") != "500")
        // It is of no matter to what sets nothing.
        #expect(try run("ADD", ["mtu": 1400], allowing: nil).succeeded)
    }

    @Test func deletingNeedsNoPermission() throws {
        let before = try tuned.parameter("core/somaxconn")
        let members: JSONObject = ["sysctl": ["net.core.somaxconn": "500"]]
        #expect(try run("ADD", members, allowing: "somaxconn").succeeded)
        #expect(try run("CHECK", members, allowing: "other").succeeded)
        #expect(try run("DEL", members, allowing: "other").succeeded)
        #expect(try tuned.parameter("core/somaxconn") == before)
    }

    @Test mutating func statusSaysThatAddWouldFail() throws {
        tuned.version = "1.1.0"
        let members: JSONObject = ["prevResult": .null, "sysctl": ["net.core.somaxconn": "500"]]
        #expect(try run("STATUS", members, allowing: "somaxconn").succeeded)
        let refused = try run("STATUS", members, allowing: "other")
        #expect(refused.errorCode == 50)
        #expect(refused.errorMessage?.hasPrefix("Sysctl net.core.somaxconn is not allowed.") == true)
        #expect(try tuned.call(["prevResult": .null, "mtu": -1]).run("STATUS", on: tuned.host).errorCode == 50)
    }
}

extension TemporaryDirectory {
    /// Removes a file or a folder.
    fileprivate func remove(_ name: String) {
        try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
}
