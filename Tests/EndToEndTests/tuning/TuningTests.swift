import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct TuningTests {
    var tuned: TunedContainer

    init() throws {
        tuned = try TunedContainer()
    }

    struct Setting: CustomTestStringConvertible, Sendable {
        var member: String
        var value: JSONValue
        /// What `TunedContainer` tells of the interface then.
        var interface: String
        var before: JSONValue
        /// What CHECK says when the interface is as it was.
        var message: String

        var testDescription: String { "\(member) \(value)" }
    }

    static let settings = [
        Setting(
            member: "mac", value: "c2:b0:57:49:47:f1", interface: "c2:b0:57:49:47:f1 1500 1000",
            before: .string(TunedContainer.mac),
            message: "Ethernet of eth0 is c2:b0:57:49:47:f1, current value is \(TunedContainer.mac)"),
        Setting(
            member: "mtu", value: 1454, interface: "\(TunedContainer.mac) 1454 1000", before: 1500,
            message: "MTU of eth0 is 1454, current value is 1500"),
        Setting(
            member: "promisc", value: true, interface: "\(TunedContainer.untouched) PROMISC", before: false,
            message: "promisc of eth0 is true, current value is false"),
        Setting(
            member: "allmulti", value: true, interface: "\(TunedContainer.untouched) ALLMULTI", before: false,
            message: "all-multicast mode of eth0 is true, current value is false"),
        Setting(
            member: "txQLen", value: 20000, interface: "\(TunedContainer.mac) 1500 20000", before: 1000,
            message: "Transmit Queue Length of eth0 is 20000, current value is 1000"),
    ]

    @Test(arguments: settings, ["", "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func setsAndRestores(setting: Setting, version: String) throws {
        tuned.version = version
        var members: JSONObject = [setting.member: setting.value]
        if version < "0.3" { members["prevResult"] = ["ip4": ["ip": "10.1.2.3/24"]] }
        if version.isEmpty { members["cniVersion"] = .null }
        let call = tuned.call(members)
        let added = try call.run("ADD", on: tuned.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(added.json.object?["cniVersion"] == .string(version.isEmpty ? "0.1.0" : version))
        #expect(try tuned.interface() == setting.interface)
        #expect(try tuned.record()?[setting.member] == setting.before)
        if version >= "0.4" {
            #expect(try call.after(added).run("CHECK", on: tuned.host).succeeded)
        }
        #expect(try call.after(added).run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.interface() == TunedContainer.untouched)
        #expect(tuned.records.isEmpty)
        if version >= "0.4" {
            let checked = try call.after(added).run("CHECK", on: tuned.host)
            #expect(checked.errorMessage == "Error: Tuning configured \(setting.message)")
        }
        #expect(try call.run("DEL", on: tuned.host).succeeded)
    }

    @Test(arguments: settings) func takesThemFromArgumentsOverTheConfiguration(setting: Setting) throws {
        let others: JSONObject = ["mac": "02:00:00:00:00:99", "mtu": 1300, "promisc": true, "txQLen": 1]
        var members: JSONObject = ["args": ["cni": .object([setting.member: setting.value])]]
        if others.contains(setting.member) { members[setting.member] = others[setting.member] }
        let call = tuned.call(members)
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        #expect(try tuned.interface() == setting.interface)
        #expect(try call.run("CHECK", on: tuned.host).succeeded)
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.interface() == TunedContainer.untouched)
    }

    @Test func switchesOffAndSetsZeroWhereThatIsAskedFor() throws {
        try tuned.container.run("ip", "link", "set", "eth0", "allmulticast", "on", "promisc", "on")
        let call = tuned.call(["allmulti": false, "promisc": false, "txQLen": 0, "mtu": 0, "mac": ""])
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        // Who captures packets makes an interface promiscuous, which harms nobody.
        #expect(try tuned.interface() == "\(TunedContainer.mac) 1500 0 PROMISC")
        #expect(try call.run("CHECK", on: tuned.host).succeeded)
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.interface() == "\(TunedContainer.untouched) ALLMULTI PROMISC")
    }

    struct MACSources: Sendable {
        var members: JSONObject
        var arguments: String?
        var mac: String
    }

    @Test(arguments: [
        MACSources(members: [:], arguments: "MAC=02:00:00:00:00:01", mac: "02:00:00:00:00:01"),
        MACSources(
            members: ["mac": "02:00:00:00:00:02"], arguments: "IgnoreUnknown=1;A=b;MAC=02:00:00:00:00:01",
            mac: "02:00:00:00:00:01"),
        MACSources(
            members: ["runtimeConfig": ["mac": "02-00-00-00-00-03"]], arguments: "MAC=02:00:00:00:00:01",
            mac: "02:00:00:00:00:03"),
        MACSources(
            members: [
                "mac": "02:00:00:00:00:02", "runtimeConfig": ["mac": "02:00:00:00:00:03"],
                "args": ["cni": ["mac": "02:00:00:00:00:04"]],
            ], arguments: "MAC=02:00:00:00:00:01", mac: "02:00:00:00:00:04"),
        MACSources(
            members: ["mac": "02:00:00:00:00:02", "runtimeConfig": ["mac": ""]], arguments: "MAC=",
            mac: "02:00:00:00:00:02"),
    ])
    func takesTheMACOfTheFirstThatHasOne(sources: MACSources) throws {
        var call = tuned.call(sources.members)
        call.arguments = sources.arguments
        let added = try call.run("ADD", on: tuned.host)
        #expect(try tuned.container.mac() == sources.mac)
        // The interface on the host that happens to have the same name is another one.
        #expect(added.interface(1)?["mac"] == nil)
        #expect(added.interface(2)?["mac"]?.string == sources.mac)
        #expect(try call.after(added).run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.container.mac() == TunedContainer.mac)
    }

    @Test mutating func tellsTheMTUWhereTheResultHasOne() throws {
        tuned.version = "1.1.0"
        let interface: JSONObject = ["name": "eth0", "sandbox": "/x", "mtu": 1500]
        let call = tuned.call([
            "mtu": 1400, "prevResult": ["cniVersion": "1.1.0", "interfaces": [.object(interface), ["name": "eth0"]]],
        ])
        #expect(try call.run("ADD", on: tuned.host).interface(0)?["mtu"] == 1400)
    }

    @Test func passesThePreviousResultOn() throws {
        for members: JSONObject in [[:], ["sysctl": ["net.core.somaxconn": "500"]], ["mtu": 1400]] {
            let previous = JSONValue.object(tuned.previous.object?.with("x", ["y": 1]) ?? [:])
            let added = try tuned.call(members.with("prevResult", previous)).run("ADD", on: tuned.host)
            #expect(added.json.sorted == previous.sorted)
        }
    }

    /// podman writes it into every network.
    @Test func doesNothingWhereNothingIsAskedFor() throws {
        var call = tuned.call([:])
        call.namespacePath = "/nowhere/at/all"
        for verb in ["ADD", "CHECK", "DEL"] { #expect(try call.run(verb, on: tuned.host).succeeded) }
        #expect(tuned.records.isEmpty)
    }

    @Test(arguments: ["ADD", "CHECK"]) func needsAPreviousResult(verb: String) throws {
        let outcome = try tuned.call(["prevResult": .null]).run(verb, on: tuned.host)
        #expect(outcome.errorCode == 7)
        #expect(outcome.errorMessage == "Required prevResult missing")
        #expect(try tuned.call(["prevResult": .null]).run("DEL", on: tuned.host).succeeded)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var members: JSONObject
        var arguments: String?
        var code: Int
        var message: String
        var testDescription: String { message }
    }

    static let faults = [
        Fault(
            members: ["mac": "zz"], code: 7,
            message: #"mac: expected a MAC address such as 02:00:00:00:00:01, got "zz""#),
        Fault(
            members: ["mac": "01:00:5e:00:00:01"], code: 7,
            message: "MAC address 01:00:5e:00:00:01 is not one that an interface can have"),
        Fault(
            members: ["mac": "00:00:00:00:00:00"], code: 7,
            message: "MAC address 00:00:00:00:00:00 is not one that an interface can have"),
        Fault(
            members: [:], arguments: "MAC=zz", code: 4,
            message: "CNI_ARGS: expected MAC to be an address such as 02:00:00:00:00:01"),
        Fault(members: [:], arguments: "A=b", code: 4, message: #"ARGS: unknown args ["A=b"]"#),
        Fault(members: ["mtu": -1], code: 7, message: "mtu: expected an integer from 0 to 4294967295, got -1"),
        Fault(
            members: ["txQLen": -1], code: 7, message: "txQLen: expected an integer from 0 to 4294967295, got -1"),
        Fault(members: ["promisc": "yes"], code: 7, message: #"promisc: expected true or false, got "yes""#),
        Fault(
            members: ["args": ["cni": ["allmulti": 1]]], code: 7,
            message: "args.cni.allmulti: expected true or false, got 1"),
        Fault(
            members: ["sysctl": ["net.core.somaxconn": 5]], code: 7,
            message: "sysctl.net.core.somaxconn: expected a string, got 5"),
        Fault(
            members: ["sysctl": ["kernel.hostname": "x"]], code: 7,
            message: #"invalid net sysctl key: "kernel.hostname""#),
        Fault(
            members: ["sysctl": ["net.core.somaxconn": "1", "net/core/somaxconn": "2"]], code: 7,
            message: "duplicated sysctl keys are not allowed"),
        Fault(
            members: ["sysctl": ["net.core.nonsense": "1"]], code: 999,
            message: "open /proc/sys/net/core/nonsense: No such file or directory"),
        Fault(
            members: ["sysctl": ["net.core.somaxconn": "many"]], code: 999,
            message: "write /proc/sys/net/core/somaxconn: Invalid argument"),
        Fault(
            members: ["mtu": 70000], code: 999,
            message: "set MTU 70000 of eth0: Invalid argument: mtu greater than device maximum"),
    ]

    @Test(arguments: faults) func anAddThatFailsChangesNothing(fault: Fault) throws {
        var members: JSONObject = ["sysctl": ["net.core.somaxconn": "500"], "mtu": 1400, "mac": "02:00:00:00:00:77"]
        for member in fault.members.members { members[member.name] = member.value }
        if let more = fault.members["sysctl"]?.object {
            members["sysctl"] = .object(more.with("net.ipv4.ip_default_ttl", "33"))
        }
        let somaxconn = try tuned.parameter("core/somaxconn")
        var call = tuned.call(members)
        call.arguments = fault.arguments
        let added = try call.run("ADD", on: tuned.host)
        #expect(added.errorCode == fault.code)
        #expect(added.errorMessage == fault.message)
        #expect(try tuned.interface() == TunedContainer.untouched)
        #expect(try tuned.parameter("core/somaxconn") == somaxconn)
        #expect(try tuned.parameter("ipv4/ip_default_ttl") == "64")
        #expect(tuned.records.isEmpty)
    }

    @Test func refusesAKeyThatComesTwice() throws {
        let text = #"{"cniVersion":"1.0.0","name":"n","prevResult":{},"sysctl":{"net.core.a":"1","net.core.a":"1"}}"#
        let variables = tuned.call([:]).variables("ADD")
        let outcome = try tuned.host.outcome(of: ["\(Executables.own)/tuning"], variables, input: Array(text.utf8))
        #expect(outcome.errorCode == 7)
        #expect(outcome.errorMessage == "duplicated sysctl keys are not allowed")
    }

    @Test func refusesAnInterfaceThatIsNotThere() throws {
        var call = tuned.call(["mtu": 1400])
        call.interfaceName = "eth7"
        #expect(try call.run("ADD", on: tuned.host).errorMessage == "find link eth7: No such device")
        call.namespacePath = "/nowhere/at/all"
        #expect(try call.run("ADD", on: tuned.host).errorCode == 8)
    }

    @Test func checkListsAllThatDiffers() throws {
        let call = tuned.call([
            "mtu": 1400, "allmulti": true,
            "sysctl": ["net.core.somaxconn": "500", "net.ipv4.tcp_rmem": "4096 8192 16384"],
        ])
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        #expect(try tuned.parameter("ipv4/tcp_rmem") == "4096\t8192\t16384")
        #expect(try call.run("CHECK", on: tuned.host).succeeded)
        try tuned.container.shell("echo 77 > /proc/sys/net/core/somaxconn; ip link set eth0 mtu 1300 allmulticast off")
        let checked = try call.run("CHECK", on: tuned.host)
        #expect(
            checked.errorMessage == """
                Error: Tuning configured value of net.core.somaxconn is 500, current value is 77; \
                Error: Tuning configured MTU of eth0 is 1400, current value is 1300; \
                Error: Tuning configured all-multicast mode of eth0 is true, current value is false
                """)
    }
}
