import JSON
import LinuxSystem
import TestSupport
import Testing

/// Every system call by which ADD of an interface plugin changes something fails once, and is once the last that ADD makes.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.find("strace") != nil))
struct InterfaceFaultTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let plugin: String
        var more: JSONObject = [:]

        var testDescription: String { plugin }
    }

    static let cases = [
        Case(plugin: "ptp", more: ["ipMasq": true]), Case(plugin: "macvlan", more: ["master": "uplink"]),
    ]

    /// Calls that change or ask the kernel, and the most of each that an ADD makes.
    static let calls = [("sendto", 60), ("setns", 20), ("openat", 100), ("write", 20), ("socket", 12), ("clone3", 4)]

    /// A thread that cannot return to its namespace has to end the process, so setns(2) is not among them.
    static let failingCalls = calls.filter { $0.0 != "setns" }

    /// How the dynamic loader ends a program whose libraries it cannot open; plugins built for release have none.
    private static let loaderFailure: CInt = 127

    /// Makes the network of a case, on a host with an interface that others can be made on.
    private func network(_ test: Case) throws -> InterfaceNetwork {
        var network = try InterfaceNetwork(test.plugin, test.more)
        network.ranges = InterfaceNetwork.dualStack
        try network.host.namespace.shell(
            "ip link add uplink type veth peer name wire; ip link set uplink up; ip link set wire up")
        try network.host.directory.write("running", "")
        return network
    }

    /// A call of which strace makes something fail, and whose end ``waitForOrphans(on:)`` can wait for.
    private func call(_ network: InterfaceNetwork, _ container: TestContainer, _ fault: String) throws -> PluginCall {
        var call = network.call(container)
        let strace = try #require(Executables.find("strace"))
        let flock = try #require(Executables.find("flock"))
        let folder = network.host.directory.path
        call.launcher = [flock, "--shared", "\(folder)/running", strace, "-o", "\(folder)/trace", "-e", fault]
        return call
    }

    /// Waits for those that outlive a plugin that was killed: they undo what nobody will hear of.
    private func waitForOrphans(on host: TestHost) throws {
        try host.run("flock", "\(host.directory.path)/running", "true")
    }

    private func expectClean(_ network: InterfaceNetwork, _ container: TestContainer, _ what: String) throws {
        #expect(try container.linkNames() == ["lo"], "\(what)")
        #expect(try network.host.linkNames() == ["lo", "uplink", "wire"], "\(what)")
        #expect(network.leasedAddresses.isEmpty, "\(what)")
        #expect(try network.host.ruleset().isEmpty, "\(what)")
        #expect(try network.host.run("ip", "route", "show", "proto", "193").isEmpty, "\(what)")
    }

    @Test(arguments: cases, failingCalls)
    func aCallThatFailsLeavesNothing(test: Case, call: (name: String, most: Int)) throws {
        let network = try network(test)
        var failures = 0
        var hasPassedTheLast = false
        for number in 1...call.most where !hasPassedTheLast {
            let container = try TestContainer()
            let fault = "inject=\(call.name):error=ENOMEM:when=\(number)"
            let added = try self.call(network, container, fault).run("ADD", on: network.host)
            if added.succeeded {
                // Not all failures matter: some are of things that a kernel may lack. The result is whole, then.
                #expect(added.addresses.count == 2)
                #expect(try container.link("eth0")?["operstate"] == "UP", "\(fault)")
                #expect(try network.run("DEL", container).succeeded)
                hasPassedTheLast = network.host.directory.contents("trace")?.contains("INJECTED") != true
            } else {
                failures += 1
                let isToldOfAnError = added.errorCode != nil || added.ending == .exited(Self.loaderFailure)
                #expect(isToldOfAnError, "\(fault): \(added.ending) \(added.output)")
            }
            try expectClean(network, container, "\(fault): \(added.output)")
        }
        #expect(failures > 0)
        #expect(hasPassedTheLast, "there are more than \(call.most) calls of \(call.name)")
    }

    @Test(arguments: cases, calls)
    func aKilledAddIsMendedByDelete(test: Case, call: (name: String, most: Int)) throws {
        let network = try network(test)
        for number in 1...call.most {
            let container = try TestContainer()
            let fault = "inject=\(call.name):signal=KILL:when=\(number)"
            let killed = try self.call(network, container, fault).run("ADD", on: network.host)
            try waitForOrphans(on: network.host)
            let deleted = try network.run("DEL", container)
            #expect(deleted.succeeded, "\(fault): \(deleted.output)")
            try expectClean(network, container, fault)
            if killed.succeeded { return #expect(number > 1, "there is no call of \(call.name)") }
        }
        Issue.record("there are more than \(call.most) calls of \(call.name)")
    }

    @Test(arguments: cases, calls)
    func aKilledDeleteIsMendedByTheNext(test: Case, call: (name: String, most: Int)) throws {
        let network = try network(test)
        for number in 1...call.most {
            let container = try TestContainer()
            try network.add(container)
            let fault = "inject=\(call.name):signal=KILL:when=\(number)"
            let killed = try self.call(network, container, fault).run("DEL", on: network.host)
            try waitForOrphans(on: network.host)
            #expect(try network.run("DEL", container).succeeded, "\(fault)")
            try expectClean(network, container, fault)
            if killed.succeeded { return #expect(number > 1, "there is no call of \(call.name)") }
        }
        Issue.record("there are more than \(call.most) calls of \(call.name)")
    }
}
