import CNI
import Testing

@testable import TuningPlugin

struct ParameterNameTests {
    struct Name: Sendable {
        var text: String
        var path: String
    }

    @Test(arguments: [
        Name(text: "net.core.somaxconn", path: "net/core/somaxconn"),
        Name(text: "net/core/somaxconn", path: "net/core/somaxconn"),
        Name(text: "net.ipv4.conf.IFNAME.arp_notify", path: "net/ipv4/conf/eth0.5/arp_notify"),
        Name(text: "net/ipv4/conf/IFNAME/arp_notify", path: "net/ipv4/conf/eth0.5/arp_notify"),
        Name(text: "net/ipv4/conf/eth1.100/arp_notify", path: "net/ipv4/conf/eth1.100/arp_notify"),
        Name(text: "net.ipv4.conf/eth1/arp_notify", path: "net/ipv4/conf/eth1/arp_notify"),
        Name(text: "net.ipv6.conf.IFNAME.IFNAME", path: "net/ipv6/conf/eth0.5/IFNAME"),
    ])
    func isAPathInEitherStyle(name: Name) throws {
        #expect(try ParameterName(name.text).path(for: "eth0.5") == name.path)
    }

    @Test func namesOfOneParameterAreEqual() throws {
        #expect(try ParameterName("net.core.somaxconn") == ParameterName("net/core/somaxconn"))
        #expect(try ParameterName("net.core.somaxconn") != ParameterName("net.core.optmem_max"))
    }

    @Test(arguments: [
        "kernel.hostname", "kernel/hostname", "", "net", "net.", "net/", "/net/core/somaxconn", "net//core",
        "network.x",
        "net/../kernel/hostname", "net/./core", "net..kernel.hostname", "net.core/../../kernel/hostname",
        "net.core.a\0b", "NET.core.somaxconn", " net.core.somaxconn",
    ])
    func refusesWhatIsNotOfANetworkNamespace(text: String) {
        let error = #expect(throws: CNIError.self) { try ParameterName(text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message == "invalid net sysctl key: \"\(text)\"")
    }
}
