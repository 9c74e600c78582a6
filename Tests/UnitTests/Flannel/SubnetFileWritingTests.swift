import Addressing
import TestSupport
import Testing

@testable import Flannel

struct SubnetFileWritingTests {
    private func file(_ networks: [String], _ subnets: [String]) -> SubnetFile {
        SubnetFile(
            networks: networks.compactMap { CIDR($0) }, subnets: subnets.compactMap { CIDR($0) }, mtu: 1450,
            daemonMasquerades: true)
    }

    @Test func hasTheBytesOfTheReference() {
        #expect(
            file(["10.244.0.0/16", "fd00:42::/56"], ["10.244.21.0/24", "fd00:42:0:4a::/64"]).text == """
                FLANNEL_NETWORK=10.244.0.0/16
                FLANNEL_SUBNET=10.244.21.1/24
                FLANNEL_IPV6_NETWORK=fd00:42::/56
                FLANNEL_IPV6_SUBNET=fd00:42:0:4a::1/64
                FLANNEL_MTU=1450
                FLANNEL_IPMASQ=true

                """)
        #expect(
            file(["10.244.0.0/16"], ["10.244.21.0/24"]).text
                == "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.21.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"
        )
    }

    @Test func isReadAsItWasWritten() throws {
        let directory = try TemporaryDirectory()
        let written = file(["10.244.0.0/16", "fd00:42::/56"], ["10.244.21.0/24", "fd00:42:0:4a::/64"])
        for _ in 1...2 { try written.write(to: "\(directory.path)/new/subnet.env") }
        #expect(try SubnetFile(path: "\(directory.path)/new/subnet.env") == written)
        #expect(directory.names(in: "new") == ["subnet.env"])
        #expect(try ThisMachine().run("stat", "-c", "%a", "\(directory.path)/new/subnet.env") == "644\n")
    }
}
