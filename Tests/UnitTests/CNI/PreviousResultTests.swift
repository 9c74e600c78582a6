import CNI
import JSON
import Testing

struct PreviousResultTests {
    /// What `ADD` of a chained plugin passes on.
    private static func passedOn(_ previous: JSONValue, _ version: String) throws -> JSONValue {
        let document: JSONValue = [
            "cniVersion": .string(version), "name": "net", "type": "x", "prevResult": previous,
        ]
        let configuration = try NetworkConfiguration(parsing: document.serialized())
        return .object(try configuration.chainedResult().encoded(as: configuration.version))
    }

    @Test(arguments: ["1.0.0", "1.1.0"]) func passesUnknownMembersOn(version: String) throws {
        let previous: JSONValue = [
            "cniVersion": .string(version), "x": ["y": [1, true, nil]],
            "interfaces": [["name": "eth0", "mac": "02:00:00:00:00:02", "sandbox": "/n", "speed": 10], ["name": "a"]],
            "ips": [["address": "10.1.2.3/24", "interface": 0], ["address": "fd00::1/64", "label": "b"]],
            "routes": [["dst": "0.0.0.0/0", "onlink": true]],
            "dns": ["nameservers": ["10.0.0.1"], "ttl": 5],
        ]
        #expect(try Self.passedOn(previous, version).sorted == previous.sorted)
    }

    @Test(arguments: ["0.3.0", "0.3.1", "0.4.0"]) func passesThoseOfOldVersionsOn(version: String) throws {
        let previous: JSONValue = [
            "cniVersion": .string(version), "x": "y", "interfaces": [["name": "eth0", "speed": 10]],
            "ips": [["version": "4", "address": "10.1.2.3/24", "label": "b"]],
            "routes": [["dst": "::/0", "onlink": true]], "dns": ["ttl": 5],
        ]
        #expect(try Self.passedOn(previous, version).sorted == previous.sorted)
    }

    @Test(arguments: ["0.1.0", "0.2.0"]) func passesThoseOfTheOldestOn(version: String) throws {
        let previous: JSONValue = [
            "cniVersion": .string(version), "x": "y", "ip4": ["ip": "10.1.2.3/24", "label": "b"],
            "ip6": ["ip": "fd00::3/64", "routes": [["dst": "::/0", "onlink": true]], "label": "c"], "dns": ["ttl": 5],
        ]
        #expect(try Self.passedOn(previous, version).sorted == previous.sorted)
    }

    @Test func hasTheConfigurationsVersion() throws {
        #expect(try Self.passedOn(["cniVersion": "1.0.0"], "1.1.0") == ["cniVersion": "1.1.0"])
        #expect(try Self.passedOn([:], "1.1.0") == ["cniVersion": "1.1.0"])
    }

    @Test func namesOfOtherCaseAreKnown() throws {
        let previous: JSONValue = ["CNIVersion": "1.0.0", "Interfaces": [["Name": "eth0"]]]
        #expect(try Self.passedOn(previous, "1.0.0") == ["cniVersion": "1.0.0", "interfaces": [["name": "eth0"]]])
    }

    @Test func oneIsRequired() {
        let document: JSONValue = ["cniVersion": "1.0.0", "name": "net", "type": "x"]
        let error = #expect(throws: CNIError.self) {
            try NetworkConfiguration(parsing: document.serialized()).chainedResult()
        }
        #expect(error?.code == .invalidConfiguration && error?.message == "Required prevResult missing")
    }
}
