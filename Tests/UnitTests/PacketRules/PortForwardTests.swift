import Addressing
import Attachments
import Testing

@testable import PacketRules

struct PortForwardTests {
    struct Case: Sendable {
        var rule: String
        /// As the port is described; nil for a rule that leads none anywhere.
        var port: String?
    }

    @Test(arguments: [
        Case(
            rule: "-A CNI-DN-x -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80",
            port: "tcp port 8080 to 10.0.0.2:80"),
        Case(
            rule: "-A CNI-DN-x -d 192.168.0.2/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.2:5353",
            port: "udp port 53 of 192.168.0.2 to 10.0.0.2:5353"),
        Case(
            rule: "-A CNI-DN-x -d 2001:db8:a::1/128 -p sctp -m sctp --dport 9 -j DNAT --to-destination [2001:db8::2]:9",
            port: "sctp port 9 of 2001:db8:a::1 to [2001:db8::2]:9"),
        Case(rule: "-A CNI-DN-x -s 10.0.0.0/24 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK"),
        Case(rule: "-A CNI-DN-x -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2"),
        Case(rule: "-A CNI-DN-x -p tcp -m tcp --dport 99999 -j DNAT --to-destination 10.0.0.2:80"),
        Case(rule: "-A CNI-DN-x -p tcp --dport"), Case(rule: ""), Case(rule: "-p -p --to-destination :"),
    ])
    func isReadOfARuleOfIptables(test: Case) {
        #expect(PortForward(rule: test.rule)?.description == test.port)
    }

    @Test func masqueradesThoseWhomTheContainerCouldNotAnswer() throws {
        let v4 = try #require(InterfaceAddress("10.1.2.2/24"))
        let v6 = try #require(InterfaceAddress("fd00:1::2/64"))
        func sources(
            _ address: String, _ target: InterfaceAddress, _ masquerade: PortForward.Masquerading = .needed
        ) throws -> [String] {
            try PortForward(.tcp, #require(IPAddress(address)), 80, to: target, 80, masquerade: masquerade)
                .sources.map(\.description)
        }
        #expect(try sources("0.0.0.0", v4) == ["10.1.2.0/24", "127.0.0.0/8"])
        #expect(try sources("127.0.0.1", v4) == ["10.1.2.0/24", "127.0.0.0/8"])
        #expect(try sources("192.0.2.1", v4) == ["10.1.2.0/24"])
        #expect(try sources("::", v6) == ["fd00:1::/64", "::1/128"])
        #expect(try sources("0.0.0.0", v4, .everybody) == ["0.0.0.0/0"])
        #expect(try sources("::", v6, .nobody) == [])
    }

    @Test func chainsHaveTheReferencesNames() {
        let id =
            "icee6giejonei6sohng6ahngee7laquohquee9shiGo7fohferakah3Feiyoolu2"
            + "pei7ciPhoh7shaoX6vai3vuf0ahfaeng8yohb9ceu0daez5hashee8ooYai5wa3y"
        for (network, chain) in [
            ("testNetName", "CNI-DN-bfd599665540dd91d5d28"), ("test", "CNI-DN-67e92b96e692a494b6b85"),
        ] {
            let attachment = Attachment(network: network, containerID: id, interfaceName: "eth0")
            #expect(IptablesPortForwarding(attachment).chain == chain)
        }
        let attachment = Attachment(network: "pn", containerID: "cid1", interfaceName: "eth0")
        #expect(IptablesPortForwarding(attachment).chain == "CNI-DN-199bdba70e1192e7734ff")
    }
}
