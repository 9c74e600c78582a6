import JSON
import LinuxSystem
import TestSupport
import Testing

/// Tenants of a cluster of three hosts, with the configuration that the page shows.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct FirewallTenantTests {
    /// Three hosts on one switch, and a container of each tenant on each.
    private struct Cluster {
        let hosts: VXLANCluster
        /// By tenant, then by host.
        var containers: [String: [TestContainer]] = [:]
        var addresses: [String: [String]] = [:]

        static let tenants = ["red", "blue"]

        init(policy: String) throws {
            hosts = try VXLANCluster(hosts: 3)
            let page = try Page("Sources/Plugins/firewall/README.md")
            let red = try #require(page.configurations.first { $0.contains(#""red""#) })
                .replacing("same-bridge", with: policy)
            let blue = red.replacing("red", with: "blue").replacing("\"vni\": 10", with: "\"vni\": 11")
                .replacing("10.246.", with: "10.247.")
            for member in hosts.members {
                try member.host.directory.write("net.d/red.conflist", red)
                try member.host.directory.write("net.d/blue.conflist", blue)
                for tenant in Self.tenants { try attach(tenant, to: member) }
            }
            for container in containers.values.joined() { try container.noteEchoSources() }
        }

        private mutating func attach(_ tenant: String, to member: VXLANCluster.Member) throws {
            let container = try TestContainer()
            let result = try JSONValue(parsing: Self.cnitool("add", tenant, container, on: member))
            let address = try #require(result.object?["ips"]?.array?.first?.object?["address"]?.string)
            containers[tenant, default: []].append(container)
            addresses[tenant, default: []].append(String(address.prefix { $0 != "/" }))
        }

        func detach(_ tenant: String, number: Int) throws {
            _ = try Self.cnitool("del", tenant, container(tenant, number), on: hosts.members[number])
        }

        @discardableResult
        static func cnitool(
            _ verb: String, _ tenant: String, _ container: TestContainer, on member: VXLANCluster.Member
        ) throws -> String {
            let variables = ["NETCONFPATH=/run/net.d", "CNI_PATH=\(Executables.own)"]
            return try member.host.namespace.output(
                of: "env",
                variables + member.host.launcher + ["\(Executables.own)/cnitool", verb, tenant, container.path])
        }

        func container(_ tenant: String, _ number: Int) throws -> TestContainer {
            try #require(containers[tenant]?[number])
        }

        func address(_ tenant: String, _ number: Int) throws -> String {
            try #require(addresses[tenant]?[number])
        }
    }

    @Test func withoutAPolicyTenantsReachEachOther() throws {
        let cluster = try Cluster(policy: "open")
        for number in 0...2 { #expect(try cluster.container("red", 0).reaches(cluster.address("blue", number))) }
    }

    @Test func tenantsReachTheirOwnContainersOnAllHostsAndNobodyElses() throws {
        let cluster = try Cluster(policy: "same-bridge")
        for (one, other) in [("red", "blue"), ("blue", "red")] {
            for (from, to) in [(0, 0), (0, 1), (1, 2), (2, 0)] {
                try cluster.container(one, from).ask(cluster.address(other, to))
            }
        }
        for tenant in Cluster.tenants {
            for (from, to) in [(0, 1), (1, 2), (2, 0)] {
                #expect(try cluster.container(tenant, from).reaches(cluster.address(tenant, to)))
                try Cluster.cnitool("check", tenant, cluster.container(tenant, from), on: cluster.hosts.members[from])
            }
        }
        for tenant in Cluster.tenants {
            for (from, to) in [(0, 1), (1, 2), (2, 0)] {
                #expect(try cluster.container(tenant, to).echoSources() == [cluster.address(tenant, from)])
            }
        }
    }

    /// The host still has the device, and the way, to the tenant's containers on others.
    @Test func aHostWithoutContainersOfATenantIsNoWayToTheirs() throws {
        let cluster = try Cluster(policy: "same-bridge")
        try cluster.detach("blue", number: 2)
        #expect(try cluster.hosts.members[2].host.run("ip", "route", "show").contains("10.247.1.0/24"))
        try cluster.container("red", 2).ask(cluster.address("blue", 0))
        #expect(try cluster.container("red", 2).reaches(cluster.address("red", 0)))
        #expect(try cluster.container("blue", 1).reaches(cluster.address("blue", 0)))
        #expect(try cluster.container("blue", 0).echoSources() == [cluster.address("blue", 1)])

        // Nor is one that knows nothing of that tenant but its device, as after STATUS.
        let host = cluster.hosts.members[2].host
        try host.shell(
            """
            for set in separate spanning; do nft delete element inet cni_isolation $set '{ "vxlan.11", "cni-blue" }'; done
            """)
        try cluster.container("red", 2).ask(cluster.address("blue", 0))
        #expect(try cluster.container("red", 2).reaches(cluster.address("red", 0)))
        #expect(try cluster.container("blue", 1).reaches(cluster.address("blue", 0)))
        #expect(try cluster.container("blue", 0).echoSources() == [cluster.address("blue", 1)])
    }

    @Test func isolatedTenantsReachNotEvenTheirOwn() throws {
        let cluster = try Cluster(policy: "isolated")
        try cluster.container("red", 0).ask(cluster.address("red", 1))
        try cluster.container("red", 1).ask(cluster.address("red", 2))
        let gateways = ["10.246.1.1", "10.246.2.1"]
        for (number, gateway) in gateways.enumerated() {
            #expect(try cluster.container("red", number).reaches(gateway))
        }
        #expect(try cluster.container("red", 1).echoSources().isEmpty)
        #expect(try cluster.container("red", 2).echoSources().isEmpty)
    }
}
