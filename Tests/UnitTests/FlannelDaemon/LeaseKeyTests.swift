import Addressing
import Flannel
import Testing

@testable import FlannelDaemon

struct LeaseKeyTests {
    @Test(arguments: [
        ("10.244.75.0-24", ["10.244.75.0/24"]),
        ("10.244.21.0-24&fd00:42:0:4a::-64", ["10.244.21.0/24", "fd00:42:0:4a::/64"]),
        ("0.0.0.0-0&fd00:42:0:4a::-64", ["fd00:42:0:4a::/64"]),
    ])
    func namesAreThoseOfTheReference(name: String, subnets: [String]) throws {
        let read = try #require(LeaseKey.subnets(in: name))
        #expect(read.all.map { "\($0)" } == subnets)
        #expect(LeaseKey.name(for: read) == name)
        #expect(LeaseKey.subnets(in: "/coreos.com/network/subnets/\(name)") == read)
    }

    @Test(arguments: [
        "", "x", "10.244.75.0", "10.244.75.0/24", "10.244.75.0-32", "10.244.75.0--1", "10.244.75.0-24&", "-24",
        "10.244.75.7-24", "010.244.75.0-24", "10.244.75.0-024", "fd00::-64", "0.0.0.0-0", "10.244.75.0-24&10.1.0.0-16",
        "10.244.75.0-24&fd00::-128", "10.244.75.0-24&fd00::-64&fd01::-64", "10.244.75.0-24/", "10.244.75.0-99999999999",
        "config", "\u{fffd}\u{fffd}",
    ])
    func othersAreNone(name: String) {
        #expect(LeaseKey.subnets(in: name) == nil)
    }
}
