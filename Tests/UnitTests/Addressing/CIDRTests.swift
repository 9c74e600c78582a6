import Addressing
import TestSupport
import Testing

struct CIDRTests {
    struct Network: Sendable {
        let text: String
        let canonical: String
        let last: String
    }

    @Test(arguments: [
        Network(text: "10.1.2.0/24", canonical: "10.1.2.0/24", last: "10.1.2.255"),
        Network(text: "10.1.2.5/24", canonical: "10.1.2.0/24", last: "10.1.2.255"),
        Network(text: "10.1.2.5/32", canonical: "10.1.2.5/32", last: "10.1.2.5"),
        Network(text: "10.1.2.5/31", canonical: "10.1.2.4/31", last: "10.1.2.5"),
        Network(text: "255.255.255.255/1", canonical: "128.0.0.0/1", last: "255.255.255.255"),
        Network(text: "10.1.2.5/0", canonical: "0.0.0.0/0", last: "255.255.255.255"),
        Network(text: "2001:DB8::5/64", canonical: "2001:db8::/64", last: "2001:db8::ffff:ffff:ffff:ffff"),
        Network(text: "fd00::5/128", canonical: "fd00::5/128", last: "fd00::5"),
        Network(
            text: "fd00::5/0", canonical: "::/0", last: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func clearsHostBits(_ example: Network) throws {
        let network = try #require(CIDR(example.text))
        #expect(network.description == example.canonical)
        #expect(network.first == network.address)
        #expect(network.last.description == example.last)
        #expect(CIDR(example.canonical) == network)
        #expect(CIDR(containing: network.last, prefixLength: network.prefixLength) == network)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0", "10.0.0.0/", "/24", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
        "10.0.0.0/00", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0 /8", "10.0.0.0/ 8", "10.0.0.0/8 ", "::/129", "::/1000",
        "::/99999999999999999999", "fe80::%lo/64", "::ffff:10.0.0.1/120", "::ffff:10.0.0.1/24", "10.0.0.0/255.0.0.0",
    ])
    func refusesWhatIsNoNetwork(_ text: String) {
        #expect(CIDR(text) == nil)
        #expect(InterfaceAddress(text) == nil)
    }

    @Test func refusesPrefixesBeyondTheFamily() {
        #expect(CIDR(containing: .any(.v4), prefixLength: 33) == nil)
        #expect(CIDR(containing: .any(.v4), prefixLength: -1) == nil)
        #expect(CIDR(containing: .any(.v6), prefixLength: 129) == nil)
        #expect(CIDR(containing: .any(.v6), prefixLength: .min) == nil)
    }

    @Test func makesHostAndDefaultNetworks() throws {
        let address = try #require(IPAddress("10.0.0.1"))
        #expect(CIDR.host(address).description == "10.0.0.1/32")
        #expect(CIDR.host(.any(.v6)).description == "::/128")
        #expect(CIDR.any(.v4).description == "0.0.0.0/0")
        #expect(CIDR.any(.v6).description == "::/0")
        #expect(CIDR.any(.v4).isDefault && CIDR.any(.v6).isDefault)
        #expect(!CIDR.host(address).isDefault)
    }

    struct Relation: Sendable {
        let left: String
        let right: String
        var contains = false
        var overlaps = false
    }

    @Test(arguments: [
        Relation(left: "10.0.0.0/8", right: "10.1.0.0/16", contains: true, overlaps: true),
        Relation(left: "10.1.0.0/16", right: "10.0.0.0/8", overlaps: true),
        Relation(left: "10.0.0.0/16", right: "10.0.0.0/8", overlaps: true),
        Relation(left: "10.1.0.0/16", right: "10.1.9.9/16", contains: true, overlaps: true),
        Relation(left: "10.0.0.0/24", right: "10.0.1.0/24"),
        Relation(left: "0.0.0.0/0", right: "255.255.255.255/32", contains: true, overlaps: true),
        Relation(left: "0.0.0.0/0", right: "::/0"),
        Relation(left: "::/0", right: "::fffe:0:0/95", contains: true, overlaps: true),
        Relation(left: "fd00::/8", right: "fe80::/10"),
    ])
    func relatesNetworks(_ example: Relation) throws {
        let left = try #require(CIDR(example.left))
        let right = try #require(CIDR(example.right))
        #expect(left.contains(right) == example.contains)
        #expect(left.overlaps(right) == example.overlaps)
        #expect(right.overlaps(left) == example.overlaps)
    }

    @Test func containsExactlyItsAddresses() throws {
        let network = try #require(CIDR("10.0.0.5/30"))
        #expect(network.contains(network.first) && network.contains(network.last))
        for outside in [network.first.previous, network.last.next] {
            let outside = try #require(outside)
            #expect(!network.contains(outside))
        }
        #expect(!CIDR.any(.v6).contains(network.first))
    }

    @Test func survivesPrintingAndParsing() {
        var generator = SeededGenerator(seed: 24)
        for _ in 0..<2_000 {
            let family: AddressFamily = .random(in: [.v4, .v6], using: &generator)
            let bits = UInt128.random(in: 0...UInt128.max, using: &generator) >> (128 - family.bitWidth)
            let prefixLength = Int.random(in: 0...family.bitWidth, using: &generator)
            guard let address = IPAddress(family: family, bits: bits),
                let network = CIDR(containing: address, prefixLength: prefixLength),
                let interface = InterfaceAddress(address, prefixLength: prefixLength)
            else {
                Issue.record("no \(family) network of \(bits) and \(prefixLength)")
                continue
            }
            #expect(CIDR(network.description) == network)
            #expect(CIDR(interface.description) == network)
            #expect(InterfaceAddress(interface.description) == interface)
            #expect(network.contains(address) && network.contains(.host(address)))
            #expect(network.first <= address && address <= network.last)
        }
    }
}
