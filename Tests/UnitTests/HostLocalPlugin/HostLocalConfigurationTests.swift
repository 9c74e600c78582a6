import Addressing
import JSON
import Testing

@testable import CNI
@testable import HostLocalPlugin

struct HostLocalConfigurationTests {
    private func configuration(
        _ text: String, version: CNIVersion = .v1_1_0, arguments: String? = nil
    ) throws -> HostLocalConfiguration {
        let bytes = Array(text.utf8)
        let network = NetworkConfiguration(
            version: version, name: "mynet", bytes: bytes, reader: JSONReader(try JSONValue(parsing: bytes)))
        return try HostLocalConfiguration(network, arguments: arguments.map(CNIArguments.init))
    }

    private func failure(
        _ text: String, version: CNIVersion = .v1_1_0, arguments: String? = nil
    ) throws -> CNIError {
        try #require(throws: CNIError.self) {
            do {
                return try configuration(text, version: version, arguments: arguments)
            } catch {
                throw CNIError(describing: error)
            }
        }
    }

    @Test func readsTheLegacyRange() throws {
        let read = try configuration(
            #"""
            {"ipam": {"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.9", "rangeEnd": "10.1.2.20", "gateway": "10.1.2.30"}}
            """#)
        #expect(read.pool.sets.map { "\($0)" } == ["10.1.2.9-10.1.2.20"])
        #expect(read.pool.sets.first?.ranges.first?.gateway == IPAddress("10.1.2.30"))
        #expect(read.store.dataDirectory == "/var/lib/cni/networks")
        #expect(read.reclaims && read.pod == nil && read.warnAtPercent == nil && read.store.lockTimeout == 10_000)
    }

    @Test func takesEmptyTextsForNone() throws {
        let read = try configuration(
            #"""
            {"ipam": {"subnet": "10.1.2.0/24", "rangeStart": "", "rangeEnd": "", "gateway": "", "dataDir": "",
                      "resolvConf": ""}}
            """#)
        #expect(read.pool.sets.map { "\($0)" } == ["10.1.2.1-10.1.2.254"])
        #expect(read.store.dataDirectory == "/var/lib/cni/networks")
        #expect(read.resolvConf == nil)
    }

    @Test func readsSetsOfRanges() throws {
        let read = try configuration(
            #"""
            {"ipam": {"ranges": [
                [{"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.9", "rangeEnd": "10.1.2.20", "gateway": "10.1.2.30"},
                 {"subnet": "10.1.4.0/24"}],
                [{"subnet": "11.1.2.0/24", "rangeStart": "11.1.2.9", "rangeEnd": "11.1.2.20", "gateway": "11.1.2.30"}]
            ]}}
            """#)
        #expect(
            read.pool.sets.map { "\($0)" } == ["10.1.2.9-10.1.2.20,10.1.4.1-10.1.4.254", "11.1.2.9-11.1.2.20"])
        #expect(read.pool.sets.first?.ranges.last?.gateway == IPAddress("10.1.4.1"))
    }

    @Test func putsTheRuntimesRangesFirst() throws {
        let read = try configuration(
            #"""
            {"runtimeConfig": {"ipRanges": [[{"subnet": "12.1.3.0/24"}]], "portMappings": []},
             "ipam": {"subnet": "10.1.2.0/24", "ranges": [[{"subnet": "11.1.2.0/24"}]]}}
            """#)
        #expect(read.pool.sets.map(\.subnets) == ["12.1.3.0/24", "10.1.2.0/24", "11.1.2.0/24"])
    }

    @Test func ignoresALegacyRangeWithoutASubnet() throws {
        let read = try configuration(
            #"{"ipam": {"rangeStart": "nonsense", "ranges": [[{"subnet": "11.1.2.0/24"}]]}}"#)
        #expect(read.pool.sets.map(\.subnets) == ["11.1.2.0/24"])
    }

    struct Request: Sendable {
        var arguments: String?
        var cni = "[]"
        var runtime = "[]"
        let addresses: [String]
    }

    @Test(arguments: [
        Request(arguments: "IP=10.1.2.10", addresses: ["10.1.2.10"]),
        Request(arguments: "IP=10.1.2.11/24", addresses: ["10.1.2.11"]),
        Request(arguments: "IP=", addresses: []),
        Request(arguments: "IP=10.1.2.10;IgnoreUnknown=1;MAC=x", addresses: ["10.1.2.10"]),
        Request(
            arguments: "IP=10.1.2.10", cni: #"["10.1.2.11", "11.11.11.11/24", "2001:db8:1::11/64"]"#,
            addresses: ["10.1.2.10", "10.1.2.11", "11.11.11.11", "2001:db8:1::11"]),
        Request(
            runtime: #"["192.168.0.1", "192.168.0.5/24", "2001:db8::1/64"]"#,
            addresses: ["192.168.0.1", "192.168.0.5", "2001:db8::1"]),
        Request(cni: #"["10.1.2.2"]"#, runtime: #"["10.1.2.3"]"#, addresses: ["10.1.2.2", "10.1.2.3"]),
    ])
    func collectsRequestedAddresses(_ request: Request) throws {
        let read = try configuration(
            #"""
            {"args": {"cni": {"ips": \#(request.cni)}}, "runtimeConfig": {"ips": \#(request.runtime)},
             "ipam": {"subnet": "10.1.2.0/24"}}
            """#, arguments: request.arguments)
        #expect(read.requested.map { "\($0)" } == request.addresses)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let configuration: String
        var version = CNIVersion.v1_1_0
        var arguments: String?
        var code = CNIError.Code.invalidConfiguration
        let error: String

        var testDescription: String { error }
    }

    @Test(arguments: [
        Refusal(configuration: #"{}"#, error: "IPAM config missing 'ipam' key"),
        Refusal(configuration: #"{"ipam": null}"#, error: "IPAM config missing 'ipam' key"),
        Refusal(configuration: #"{"ipam": "x"}"#, error: #"ipam: expected an object, got "x""#),
        Refusal(configuration: #"{"ipam": {}}"#, error: "no IP ranges specified"),
        Refusal(configuration: #"{"ipam": {"subnet": "10.0.0"}}"#, error: "ipam.subnet: invalid CIDR address: 10.0.0"),
        Refusal(configuration: #"{"ipam": {"subnet": ""}}"#, error: "ipam.subnet: invalid CIDR address: "),
        Refusal(
            configuration: #"{"ipam": {"ranges": [[{"subnet": "10.3.0.0/24", "gateway": "10.3.0"}]]}}"#,
            error: "ipam.ranges[0][0].gateway: invalid IP address: 10.3.0"),
        Refusal(configuration: #"{"ipam": {"ranges": [[{}]]}}"#, error: "ipam.ranges[0][0].subnet: missing"),
        Refusal(
            configuration: #"{"ipam": {"ranges": [[]]}}"#,
            error: "invalid range set 0: empty range set; ipam.ranges[0]"),
        Refusal(
            configuration: #"{"ipam": {"ranges": [[{"subnet": "192.0.2.0/24", "rangeStart": "192.0.3.0"}]]}}"#,
            error: "invalid range set 0: RangeStart 192.0.3.0 not in network 192.0.2.0/24; "
                + "ipam.ranges[0][0].rangeStart"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "192.0.2.0/24", "rangeEnd": "192.0.4.0"}}"#,
            error: "invalid range set 0: RangeEnd 192.0.4.0 not in network 192.0.2.0/24; ipam.rangeEnd"),
        Refusal(
            configuration: #"""
                {"ipam": {"subnet": "10.1.2.0/24", "ranges": [[{"subnet": "10.1.4.0/24"}], [{"subnet": "10.1.5.0/24"},
                                                              {"subnet": "10.1.2.0/24"}]]}}
                """#,
            error: "range set 0 overlaps with 2"),
        Refusal(
            configuration: #"{"ipam": {"ranges": [[{"subnet": "10.1.0.0/22"}, {"subnet": "10.1.2.0/24"}]]}}"#,
            error: "invalid range set 0: subnets 10.1.0.1-10.1.3.254 and 10.1.2.1-10.1.2.254 overlap; ipam.ranges[0]"),
        Refusal(
            configuration: #"{"ipam": {"ranges": [[{"subnet": "10.1.0.0/24"}, {"subnet": "2001:db8::/64"}]]}}"#,
            error: "invalid range set 0: mixed address families; ipam.ranges[0]"),
        Refusal(
            configuration: #"{"ipam": {"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "10.1.3.0/24"}]]}}"#,
            version: .v0_2_0, code: .incompatibleVersion,
            error: "CNI version 0.2.0 does not support more than 1 address per family"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24"}}"#, arguments: "IP=bad", code: .invalidEnvironment,
            error: #"ARGS: error parsing value of pair "IP=bad": invalid IP address bad"#),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24"}}"#, arguments: "MAC=02:00:00:00:00:01",
            code: .invalidEnvironment,
            error: #"ARGS: unknown args ["MAC=02:00:00:00:00:01"]; "#
                + "IgnoreUnknown=1 in CNI_ARGS leaves them to other plugins"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24"}, "args": {"cni": {"ips": ["x"]}}}"#,
            error: "args.cni.ips[0]: invalid IP address x"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24"}, "args": {"cni": {"ips": [null]}}}"#,
            error: "args.cni.ips[0]: expected an IP address such as 10.1.0.5, got null"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24", "exclude": ["10.1.2.300"]}}"#,
            error: "ipam.exclude[0]: expected an address or a network such as 10.1.0.5 or 10.1.0.0/28, "
                + #"got "10.1.2.300""#),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24", "warnAtPercent": 0}}"#,
            error: "ipam.warnAtPercent: expected an integer from 1 to 100, got 0"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24", "reclaim": "no"}}"#,
            error: #"ipam.reclaim: expected true or false, got "no""#),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24", "lockTimeoutSeconds": -1}}"#,
            error: "ipam.lockTimeoutSeconds: expected an integer from 0 to 65535, got -1"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24", "dataDir": "/var\u0000/lib"}}"#,
            error: "ipam.dataDir: expected a path, got one with a null character"),
        Refusal(
            configuration: #"{"ipam": {"subnet": "10.1.2.0/24", "routes": [{"dst": "nowhere"}]}}"#,
            error: #"ipam.routes[0].dst: expected a network such as 10.1.0.0/16, got "nowhere""#),
    ])
    func saysWhatIsWrongAndWhere(_ refusal: Refusal) throws {
        let error = try failure(refusal.configuration, version: refusal.version, arguments: refusal.arguments)
        #expect(error.description == refusal.error)
        #expect(error.code == refusal.code)
    }

    @Test func takesOneAddressOfEachFamilyInOldVersions() throws {
        let read = try configuration(
            #"{"ipam": {"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8:1::/48"}]]}}"#, version: .v0_2_0)
        #expect(read.pool.sets.count == 2)
    }

    @Test func readsWhatTheReferenceDoesNotKnow() throws {
        let read = try configuration(
            #"""
            {"ipam": {"subnet": "10.1.2.0/24", "exclude": ["10.1.2.5", "10.1.2.16/28"], "sticky": true, "reclaim": false,
                      "warnAtPercent": 90, "lockTimeoutSeconds": 3}}
            """#, arguments: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0")
        #expect(read.pod?.namespace == "default" && read.pod?.name == "web-0")
        #expect(!read.reclaims)
        #expect(read.warnAtPercent == 90)
        #expect(read.store.lockTimeout == 3000)
        #expect(read.pool.sets.map(\.capacity) == [236])
    }

    @Test func needsNothingButTheStoreForDeleting() throws {
        let text = #"{"ipam": {"subnet": "nonsense", "dataDir": "/data", "lockTimeoutSeconds": "x", "routes": 5}}"#
        let network = NetworkConfiguration(
            version: .latest, name: "mynet", bytes: [], reader: JSONReader(try JSONValue(parsing: text)))
        let store = try StoreConfiguration(network)
        #expect(store.network == "mynet" && store.dataDirectory == "/data" && store.lockTimeout == 10_000)
    }
}
