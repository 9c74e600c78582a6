import JSON
import LinuxSystem
import TestSupport
import Testing

/// Every network configuration in `conf/`, whichever there are.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct ConfTests {
    static let files = Repository.names(in: "conf")

    /// Those whose plugins are all here; the reference's are needed for some.
    static let usableFiles = files.filter { file in
        guard let list = try? JSONValue(parsing: Repository.text("conf/\(file)")) else { return true }
        return plugins(of: list).allSatisfy { plugin in
            guard let type = plugin["type"]?.string else { return true }
            return [Executables.own, Executables.reference].contains { File.isRegular("\($0)/\(type)") }
        }
    }

    let host: TestHost

    init() throws {
        host = try TestHost()
    }

    @Test(arguments: usableFiles)
    func attachesTwoContainersAndLeavesNothing(file: String) throws {
        let list = try JSONValue(parsing: Repository.text("conf/\(file)"))
        let network = try #require(list.object?["name"]?.string)
        try host.directory.write("net.d/\(file)", withFiles(in: host.directory.path, list).description)
        try host.directory.write(
            "subnet.env",
            "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.5.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n")

        let containers = [try TestContainer(), try TestContainer()]
        let results = try containers.map { try JSONValue(parsing: cnitool("add", network, $0.path)) }
        for (container, (own, other)) in zip(containers, [(results[0], results[1]), (results[1], results[0])]) {
            for address in values(of: "gateway", in: own) + values(of: "address", in: other) {
                let host = String(address.prefix { $0 != "/" })
                #expect(container.reaches(host), "\(host)")
            }
            try cnitool("check", network, container.path)
        }
        for container in containers {
            try cnitool("del", network, container.path)
            #expect(try container.ip("link", "show").array?.count == 1)
        }

        let bridges = Self.plugins(of: list).compactMap { plugin in
            plugin["type"] == "flannel" ? "cni0" : plugin["bridge"]?.string
        }
        #expect(try host.linkNames() == (["lo"] + bridges).sorted())
        #expect(try host.ruleset().isEmpty)
        #expect(host.directory.names(in: "cache/results").isEmpty)
        #expect(host.directory.names(in: "flannel").allSatisfy { $0.hasPrefix(".") })
        let leases = host.directory.names(in: "networks/\(network)").filter { $0.contains(".") || $0.contains(":") }
        #expect(leases.allSatisfy { $0.hasPrefix("last_reserved_ip.") || $0.hasPrefix(".") }, "\(leases)")
    }

    private static func plugins(of list: JSONValue) -> [JSONObject] {
        list.object?["plugins"]?.array?.compactMap(\.object) ?? []
    }

    /// The list with all that its plugins read and keep in a folder of the test's.
    private func withFiles(in folder: String, _ list: JSONValue) -> JSONValue {
        guard var object = list.object else { return list }
        object["plugins"] = .array(
            Self.plugins(of: list).map { plugin in
                var plugin = plugin
                if plugin["type"] == "flannel" {
                    plugin["subnetFile"] = .string("\(folder)/subnet.env")
                    plugin["dataDir"] = .string("\(folder)/flannel")
                    plugin.setDefault("ipam", [:])
                }
                if var ipam = plugin["ipam"]?.object {
                    ipam["dataDir"] = .string("\(folder)/networks")
                    plugin["ipam"] = .object(ipam)
                }
                return .object(plugin)
            })
        return .object(object)
    }

    @discardableResult
    private func cnitool(_ verb: String, _ network: String, _ namespace: String) throws -> String {
        try host.run(
            "env", "NETCONFPATH=\(host.directory.path)/net.d", "CNI_CACHE_DIR=\(host.directory.path)/cache",
            "CNI_PATH=\(Executables.own):\(Executables.reference)", "\(Executables.own)/cnitool", verb, network,
            namespace)
    }

    private func values(of member: String, in result: JSONValue) -> [String] {
        result.object?["ips"]?.array?.compactMap { $0.object?[member]?.string } ?? []
    }
}
