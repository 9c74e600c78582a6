import Addressing
import Flannel
import TestSupport
import Testing

@testable import FlannelDaemon

struct SubnetChoiceTests {
    private func network(_ text: String) throws -> ClusterNetwork { try ClusterNetwork(parsing: Array(text.utf8)) }

    private func subnets(_ texts: String...) -> NodeSubnets? { NodeSubnets(texts.compactMap { CIDR($0) }) }

    @Test func takesEveryFreeSubnetOnceAndThenNone() throws {
        let network = try network(#"{"Network":"10.0.0.0/24","SubnetLen":28}"#)
        var generator = SeededGenerator(seed: 1)
        var taken: [NodeSubnets] = []
        while let next = SubnetChoice.free(in: network, besides: taken, using: &generator) {
            #expect(next.fits(network) && !taken.contains(next))
            taken.append(next)
        }
        #expect(taken.count == 15)
    }

    /// One of 65,535 is free: guessing would not find it.
    @Test func findsTheOnlyOneThatIsLeft() throws {
        let network = try network(#"{"Network":"10.0.0.0/8"}"#)
        let taken = (1...0xffff).filter { $0 != 47_110 }.compactMap { number in
            subnets("10.\(number >> 8).\(number & 255).0/24")
        }
        var generator = SeededGenerator(seed: 2)
        #expect(
            SubnetChoice.free(in: network, besides: taken, using: &generator)
                == subnets("10.\(47_110 >> 8).\(47_110 & 255).0/24"))
    }

    @Test func avoidsLeasesOfOtherLengthsAndOutside() throws {
        let network = try network(#"{"Network":"10.0.0.0/24","SubnetLen":26}"#)
        var generator = SeededGenerator(seed: 3)
        let taken = [subnets("10.0.0.64/30"), subnets("10.0.0.128/25"), subnets("10.9.0.0/16")].compactMap(\.self)
        #expect(SubnetChoice.free(in: network, besides: taken, using: &generator) == nil)
        #expect(
            SubnetChoice.free(in: network, besides: Array(taken.dropFirst()), using: &generator)
                == subnets("10.0.0.64/26"))
    }

    @Test func choosesOfBothFamilies() throws {
        let network = try network(
            #"{"Network":"10.0.0.0/28","EnableIPv6":true,"IPv6Network":"fd00::/62","IPv6SubnetLen":64}"#)
        var generator = SeededGenerator(seed: 4)
        let taken = ["10.0.0.4/30", "10.0.0.12/30", "fd00:0:0:1::/64", "fd00:0:0:2::/64"].compactMap { subnets($0) }
        #expect(
            SubnetChoice.free(in: network, besides: taken, using: &generator)
                == subnets("10.0.0.8/30", "fd00:0:0:3::/64"))
    }
}
