import Foundation
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct NetworkNamespaceTests {
    @Test func runsABodyInsideAndComesBack() throws {
        let before = try NetworkNamespace.current().identity()
        let made = try NetworkNamespace.make()
        let inside = try made.run { () throws(SystemError) in try NetworkNamespace.current().identity() }
        let identity = try made.identity()
        #expect(inside == identity)
        #expect(inside != before)
        #expect(try NetworkNamespace.current().identity() == before)
    }

    @Test func comesBackWhenTheBodyThrows() throws {
        let before = try NetworkNamespace.current().identity()
        let made = try NetworkNamespace.make()
        #expect(throws: SystemError("look", nil, .busy)) {
            try made.run { () throws(SystemError) in throw SystemError("look", nil, .busy) }
        }
        #expect(try NetworkNamespace.current().identity() == before)
    }

    @Test func tellsWhatIsNoNamespaceFromWhatIsNotThere() {
        let file = #expect(throws: SystemError.self) { _ = try NetworkNamespace(path: "/etc/passwd").identity() }
        #expect(file?.code == .invalidArgument)
        let nothing = #expect(throws: SystemError.self) { _ = try NetworkNamespace(path: "/nowhere/at/all").identity() }
        #expect(nothing?.code == .noSuchFile)
    }

    @Test(arguments: ["mnt", "user", "uts", "ipc"])
    func tellsOtherKindsOfNamespaces(kind: String) {
        let error = #expect(throws: SystemError.self) {
            _ = try NetworkNamespace(path: "/proc/self/ns/\(kind)").identity()
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.cause == "a namespace of another kind")
    }

    @Test func knowsItsOwn() throws {
        #expect(NetworkNamespace.isCurrent(path: "/proc/thread-self/ns/net"))
        #expect(!NetworkNamespace.isCurrent(path: "/nowhere/at/all"))
        let container = try TestContainer()
        #expect(!NetworkNamespace.isCurrent(path: container.path))
    }

    @Test func parametersAreTheNamespacesOwn() throws {
        let host = try TestHost()
        try host.namespace.run { () throws(SystemError) in
            try Sysctl.set("net/ipv4/ip_forward", to: "0")
            try Sysctl.ensure("net/ipv4/ip_forward", is: "1")
        }
        #expect(try host.run("sysctl", "-n", "net.ipv4.ip_forward") == "1\n")
        let error = #expect(throws: SystemError.self) { try Sysctl.value(of: "net/ipv4/no_such_parameter") }
        #expect(error?.code == .noSuchFile)
    }

    @Test func parametersOfAnInterfaceWithADotAreItsOwn() throws {
        let host = try TestHost()
        try host.run("ip", "link", "add", "a.b", "type", "veth", "peer", "name", "c")
        try host.namespace.run { () throws(SystemError) in try Sysctl.set("net/ipv4/conf/a.b/arp_notify", to: "1") }
        #expect(try host.run("sysctl", "-n", "net/ipv4/conf/a.b/arp_notify") == "1\n")
        #expect(try host.run("sysctl", "-n", "net/ipv4/conf/c/arp_notify") == "0\n")
    }
}
