import JSON
import LinuxSystem
import TestSupport
import Testing

/// What containers reach, and what others see of them.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeTrafficTests {
    var network: BridgeNetwork
    let containers: [TestContainer]

    init() throws {
        network = try BridgeNetwork()
        containers = try (0..<3).map { _ in try TestContainer() }
    }

    /// One family's addresses, of the network and of the router outside.
    struct Family: Sendable {
        let subnet: String
        let gateway: String
        let containers: [String]
        let uplink: String
        let router: String

        static let v4 = Family(
            subnet: "10.1.2.0/24", gateway: "10.1.2.1", containers: ["10.1.2.2", "10.1.2.3", "10.1.2.4"],
            uplink: TestRouter.hostAddresses[0], router: TestRouter.addresses[0])
        static let v6 = Family(
            subnet: "fd00:1::/64", gateway: "fd00:1::1", containers: ["fd00:1::2", "fd00:1::3", "fd00:1::4"],
            uplink: TestRouter.hostAddresses[1], router: TestRouter.addresses[1])
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let families: [Family]

        var ranges: [JSONValue] { families.map { [["subnet": .string($0.subnet)]] } }
    }

    static let cases = [
        Case(testDescription: "IPv4", families: [.v4]),
        Case(testDescription: "IPv6", families: [.v6]),
        Case(testDescription: "dual stack", families: [.v4, .v6]),
    ]

    /// Attaches the first containers, as many as there are settings, each with its own.
    private mutating func attach(_ settings: JSONObject..., as test: Case) throws {
        network.ranges = test.ranges
        for (number, more) in settings.enumerated() {
            network.more = more
            let added = try network.call(containers[number], id: "cid\(number)").run("ADD", on: network.host)
            try #require(added.succeeded, "\(added.output)")
        }
    }

    @Test(arguments: cases)
    mutating func containersReachTheirGatewayAndEachOther(test: Case) throws {
        try attach(["isGateway": true], ["isGateway": true], ["isGateway": true], as: test)
        for family in test.families {
            for (container, own) in zip(containers, family.containers) {
                for address in [family.gateway] + family.containers where address != own {
                    #expect(container.reaches(address), "\(address)")
                }
            }
        }
    }

    @Test(arguments: cases)
    mutating func withoutAGatewayContainersReachEachOtherAlone(test: Case) throws {
        try attach([:], [:], as: test)
        for family in test.families {
            #expect(containers[0].reaches(family.containers[1]))
        }
        #expect(try network.host.run("ip", "-br", "address", "show", "scope", "global").isEmpty)
    }

    @Test(arguments: cases)
    mutating func theOutsideSeesTheHostWhereItMasquerades(test: Case) throws {
        try attach(["isDefaultGateway": true, "ipMasq": true], as: test)
        let router = try TestRouter(beside: network.host)
        for family in test.families { #expect(containers[0].reaches(family.router), "\(family.router)") }
        #expect(try router.sources() == test.families.map(\.uplink).sorted())
        // Its own network does not see the host: the gateway is asked by the container itself.
        try network.host.namespace.noteEchoSources()
        for family in test.families { #expect(containers[0].reaches(family.gateway)) }
        #expect(try network.host.namespace.echoSources() == test.families.map { $0.containers[0] }.sorted())
    }

    @Test(arguments: cases)
    mutating func theOutsideSeesTheContainerWhereNobodyMasquerades(test: Case) throws {
        try attach(["isDefaultGateway": true], as: test)
        let router = try TestRouter(beside: network.host, knowing: test.families.map(\.subnet))
        for family in test.families {
            #expect(containers[0].reaches(family.router), "\(family.router)")
            #expect(router.machine.reaches(family.containers[0]), "\(family.containers[0])")
        }
        #expect(try router.sources() == test.families.map { $0.containers[0] }.sorted())
    }

    @Test(arguments: cases)
    mutating func masqueradeOfOneContainerEndsWithItAlone(test: Case) throws {
        let settings: JSONObject = ["isDefaultGateway": true, "ipMasq": true]
        try attach(settings, settings, as: test)
        let deleted = try network.call(containers[0], id: "cid0").run("DEL", on: network.host)
        #expect(deleted.succeeded, "\(deleted.output)")
        let router = try TestRouter(beside: network.host)
        for family in test.families { #expect(containers[1].reaches(family.router), "\(family.router)") }
        #expect(try router.sources() == test.families.map(\.uplink).sorted())
    }

    /// A broadcast comes back to who sent it.
    @Test(arguments: [true, false])
    mutating func aFrameReturnsToItsPortByHairpinAlone(isHairpin: Bool) throws {
        try attach(["isGateway": true, "hairpinMode": .bool(isHairpin)], ["isGateway": true], as: Self.cases[0])
        let mac = try containers[0].mac()
        for container in containers.prefix(2) {
            try container.namespace.shell(
                "nft -f -",
                input: """
                    table netdev seen {
                        chain ingress {
                            type filter hook ingress device eth0 priority 0
                            ether saddr \(mac) ether type arp counter
                        }
                    }

                    """)
        }
        // Broadcasts a question that both see, and the second answers.
        #expect(containers[0].reaches("10.1.2.3"))
        let seen = try containers.prefix(2).map { try $0.run("nft", "list", "ruleset") }
        #expect(!seen[1].contains("packets 0 "))
        #expect(seen[0].contains("packets 0 ") != isHairpin, "\(seen[0])")
    }

    @Test(arguments: cases)
    mutating func isolatedPortsReachTheOthersAndNotEachOther(test: Case) throws {
        let isolated: JSONObject = ["isGateway": true, "portIsolation": true]
        try attach(isolated, isolated, ["isGateway": true], as: test)
        try containers[1].noteSenders()
        for family in test.families {
            try containers[0].ask(family.containers[1])
            #expect(containers[0].reaches(family.gateway))
            #expect(containers[0].reaches(family.containers[2]))
            #expect(containers[2].reaches(family.containers[1]))
        }
        let senders = try containers[1].senders()
        #expect(try senders.contains(containers[2].mac()))
        #expect(try !senders.contains(containers[0].mac()))
    }
}
