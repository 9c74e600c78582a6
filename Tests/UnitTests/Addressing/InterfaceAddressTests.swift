import Addressing
import Testing

struct InterfaceAddressTests {
    struct Case: Sendable {
        let text: String
        let network: String
        let broadcast: String?
    }

    @Test(arguments: [
        Case(text: "10.1.2.5/24", network: "10.1.2.0/24", broadcast: "10.1.2.255"),
        Case(text: "10.1.2.5/30", network: "10.1.2.4/30", broadcast: "10.1.2.7"),
        Case(text: "10.1.2.5/31", network: "10.1.2.4/31", broadcast: nil),
        Case(text: "10.1.2.5/32", network: "10.1.2.5/32", broadcast: nil),
        Case(text: "fd00::5/64", network: "fd00::/64", broadcast: nil),
    ])
    func keepsHostBits(_ example: Case) throws {
        let address = try #require(InterfaceAddress(example.text))
        #expect(address.description == example.text)
        #expect(address.network.description == example.network)
        #expect(address.broadcast?.description == example.broadcast)
    }

    @Test func refusesPrefixesBeyondTheFamily() {
        #expect(InterfaceAddress(.any(.v4), prefixLength: 33) == nil)
        #expect(InterfaceAddress(.any(.v6), prefixLength: -1) == nil)
    }

    @Test func differsFromItsNeighbourInTheSameNetwork() {
        #expect(InterfaceAddress("10.1.2.5/24") != InterfaceAddress("10.1.2.6/24"))
        #expect(InterfaceAddress("10.1.2.5/24") != InterfaceAddress("10.1.2.5/25"))
        #expect(InterfaceAddress("10.1.2.5/24")?.network == InterfaceAddress("10.1.2.6/24")?.network)
    }
}
