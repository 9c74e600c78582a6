import Addressing
import CNI
import JSON
import PacketRules
import Testing

@testable import PortmapPlugin

struct PortmapConfigurationTests {
    private func configuration(_ more: String = "", ports: String = "[]") throws -> PortmapConfiguration {
        let text = """
            { "cniVersion": "1.0.0", "name": "net1", "type": "portmap"\(more.isEmpty ? "" : ", " + more),
              "runtimeConfig": { "portMappings": \(ports) } }
            """
        return try PortmapConfiguration(NetworkConfiguration(parsing: Array(text.utf8)))
    }

    private func addresses(_ texts: String...) throws -> [InterfaceAddress] {
        try texts.map { try #require(InterfaceAddress($0)) }
    }

    /// As the reference's own tests have them.
    private static let ports = """
        [ { "hostPort": 8080, "containerPort": 80, "protocol": "tcp" },
          { "hostPort": 8081, "containerPort": 80, "protocol": "tcp" },
          { "hostPort": 8080, "containerPort": 81, "protocol": "udp" },
          { "hostPort": 8082, "containerPort": 82, "protocol": "udp" },
          { "hostPort": 8083, "containerPort": 83, "protocol": "tcp", "hostIP": "192.168.0.2" },
          { "hostPort": 8084, "containerPort": 84, "protocol": "tcp", "hostIP": "0.0.0.0" },
          { "hostPort": 8085, "containerPort": 85, "protocol": "tcp", "hostIP": "2001:db8:a::1" },
          { "hostPort": 8086, "containerPort": 86, "protocol": "tcp", "hostIP": "::" } ]
        """

    @Test func portsLeadToAddressesOfTheirFamily() throws {
        let configuration = try configuration(ports: Self.ports)
        let ports = try configuration.ports(leadingTo: addresses("10.0.0.2/24", "2001:db8::2/64", "10.0.0.3/24"))
        #expect(
            ports.map(\.description) == [
                "tcp port 8080 to 10.0.0.2:80", "tcp port 8081 to 10.0.0.2:80", "udp port 8080 to 10.0.0.2:81",
                "udp port 8082 to 10.0.0.2:82", "tcp port 8083 of 192.168.0.2 to 10.0.0.2:83",
                "tcp port 8084 to 10.0.0.2:84",
                "tcp port 8080 to [2001:db8::2]:80", "tcp port 8081 to [2001:db8::2]:80",
                "udp port 8080 to [2001:db8::2]:81", "udp port 8082 to [2001:db8::2]:82",
                "tcp port 8085 of 2001:db8:a::1 to [2001:db8::2]:85", "tcp port 8086 to [2001:db8::2]:86",
            ])
        #expect(
            configuration.hostPorts == [.tcp: [8080, 8081, 8083, 8084, 8085, 8086], .udp: [8080, 8082]])
        #expect(try configuration.ports(leadingTo: []).isEmpty)
    }

    @Test func whatIsAskedForTwiceIsOnePort() throws {
        let port = #"{ "hostPort": 80, "containerPort": 80, "protocol": "TCP", "hostIP": "" }"#
        let ports = try configuration(ports: "[\(port), \(port)]").ports(leadingTo: addresses("10.0.0.2/24"))
        #expect(ports.map(\.description) == ["tcp port 80 to 10.0.0.2:80"])
    }

    @Test(arguments: [
        ("", PortForward.Masquerading.needed), (#""snat": false"#, .nobody),
        (#""snat": false, "masqAll": true"#, .nobody),
        (#""masqAll": true"#, .everybody),
    ])
    func masqueradesWhoIsAskedFor(more: String, expected: PortForward.Masquerading) throws {
        #expect(try configuration(more).masquerade == expected)
    }

    /// Nil stands for nf_tables.
    @Test(arguments: [
        ("", nil), (#""backend": "nftables", "markMasqBit": 5"#, nil),
        (#""backend": "iptables""#, IptablesPortForwarding.Options()),
        (#""externalSetMarkChain": "KUBE-MARK-MASQ""#, .with { $0.externalMarkChain = "KUBE-MARK-MASQ" }),
        (#""conditionsV6": ["!", "-s", "fd00::/8"]"#, .with { $0.conditions = [.v6: ["!", "-s", "fd00::/8"]] }),
        (#""backend": "iptables", "markMasqBit": 0"#, .with { $0.markBit = 0 }),
    ])
    func takesTheBackendThatCanDoIt(more: String, options: IptablesPortForwarding.Options?) throws {
        switch try configuration(more).backend {
        case .nftables: #expect(options == nil)
        case .iptables(let found): #expect(found == options)
        }
    }
}

extension IptablesPortForwarding.Options {
    fileprivate static func with(_ change: (inout Self) -> Void) -> Self {
        var options = Self()
        change(&options)
        return options
    }
}
