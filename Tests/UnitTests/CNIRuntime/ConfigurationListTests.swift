import CNI
import JSON
import Testing

@testable import CNIRuntime

struct ConfigurationListTests {
    private func list(_ text: String) throws -> ConfigurationList {
        try ConfigurationList(parsing: Array(text.utf8))
    }

    @Test func readsEverythingThatItActsOn() throws {
        let text = #"""
            {"name": "some-list", "cniVersion": "0.4.0", "disableCheck": true, "disableGC": "TRUE", "x": 1, "plugins": [
                {"type": "host-local", "subnet": "10.0.0.1/24"},
                {"type": "bridge", "name": "own", "capabilities": {"mac": true, "ips": false, "bandwidth": true}}
            ]}
            """#
        let list = try list(text)
        #expect(list.name == "some-list")
        #expect(list.version == "0.4.0")
        #expect(list.disablesCheck)
        #expect(list.disablesGarbageCollection)
        #expect(!list.loadsOnlyInlinedPlugins)
        #expect(list.plugins.map(\.type) == ["host-local", "bridge"])
        #expect(list.plugins.map(\.name) == [nil, "own"])
        #expect(list.plugins[1].capabilities == ["bandwidth", "mac"])
        #expect(list.bytes == Array(text.utf8))
    }

    @Test func withoutPluginsTheChainIsEmpty() throws {
        #expect(try list(#"{"name": "n"}"#).plugins.isEmpty)
    }

    struct Flag: Sendable {
        var value: String
        var isSet: Bool
    }

    @Test(arguments: [
        Flag(value: "true", isSet: true), Flag(value: "false", isSet: false), Flag(value: #""true""#, isSet: true),
        Flag(value: #""False""#, isSet: false), Flag(value: #""TRUE""#, isSet: true),
    ])
    func truthValuesMayBeText(flag: Flag) throws {
        let list = try list(
            #"{"name":"n","disableCheck":\#(flag.value),"disableGC":\#(flag.value),"loadOnlyInlinedPlugins":\#(flag.value),"plugins":[{"type":"a"}]}"#
        )
        #expect(list.disablesCheck == flag.isSet)
        #expect(list.disablesGarbageCollection == flag.isSet)
        #expect(list.loadsOnlyInlinedPlugins == flag.isSet)
    }

    struct Malformed: Sendable {
        var text: String
        var message: String

        init(_ text: String, _ message: String) {
            self.text = text
            self.message = message
        }
    }

    static let malformed = [
        Malformed("", "unexpected end of JSON input"),
        Malformed("[]", "expected an object, got []"),
        Malformed("{}", "no name"),
        Malformed(#"{"name":5}"#, "invalid name type number"),
        Malformed(#"{"name":null}"#, "invalid name type null"),
        Malformed(#"{"name":"n","cniVersion":1}"#, "invalid cniVersion type number"),
        Malformed(#"{"name":"n","plugins":[]}"#, "no plugins in list"),
        Malformed(#"{"name":"n","plugins":{}}"#, "invalid 'plugins' type object"),
        Malformed(#"{"name":"n","plugins":["a"]}"#, #"failed to parse plugin config 0: expected an object, got "a""#),
        Malformed(#"{"name":"n","plugins":[{"type":"a"},{}]}"#, "failed to parse plugin config 1: missing 'type'"),
        Malformed(#"{"name":"n","plugins":[{"type":""}]}"#, "failed to parse plugin config 0: missing 'type'"),
        Malformed(
            #"{"name":"n","plugins":[{"type":"a","capabilities":{"mac":1}}]}"#,
            "failed to parse plugin config 0: capabilities.mac: expected true or false, got 1"),
        Malformed(#"{"name":"n","disableCheck":0}"#, "invalid type number for disableCheck"),
        Malformed(#"{"name":"n","disableCheck":"adsf"}"#, #"invalid value "adsf" for disableCheck"#),
        Malformed(#"{"name":"n","disableGC":[]}"#, "invalid type array for disableGC"),
        Malformed(#"{"name":"n","disableGC":"1"}"#, #"invalid value "1" for disableGC"#),
        Malformed(#"{"name":"n","loadOnlyInlinedPlugins":""}"#, #"invalid value "" for loadOnlyInlinedPlugins"#),
        Malformed(
            #"{"name":"n","loadOnlyInlinedPlugins":true}"#,
            "`loadOnlyInlinedPlugins` is true, and no 'plugins' key"),
        Malformed(#"{"name":"n","cniVersions":"1.0.0"}"#, "invalid cniVersions type string"),
        Malformed(
            #"{"name":"n","cniVersions":["1.0.0",5]}"#,
            "invalid cniVersions entry 5 at index 1: expected a version such as 1.0.0"),
        Malformed(
            #"{"name":"n","cniVersions":["1.0.0.0"]}"#,
            #"invalid cniVersions entry "1.0.0.0" at index 0: expected a version such as 1.0.0"#),
        Malformed(
            #"{"name":"n","cniVersion":"x","cniVersions":["1.0.0"]}"#,
            #"invalid cniVersion "x": expected a version such as 1.0.0"#),
    ]

    @Test(arguments: malformed)
    func saysWhatIsWrong(with malformed: Malformed) throws {
        let error = try #require(throws: CNIError.self) { try list(malformed.text) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.hasPrefix("error parsing configuration list: "))
        #expect(error.message.hasSuffix(malformed.message))
    }

    struct Versions: Sendable {
        var members: String
        var chosen: String

        init(_ members: String, _ chosen: String) {
            self.members = members
            self.chosen = chosen
        }
    }

    @Test(arguments: [
        Versions(#""cniVersion":"0.3.1""#, "0.3.1"),
        Versions(#""cniVersion":"9.9.9""#, "9.9.9"),
        Versions(#""x":1"#, ""),
        Versions(#""cniVersions":["0.1.0","0.4.0","0.3.1"]"#, "0.4.0"),
        Versions(#""cniVersions":["0.4.0","0.10.0","0.9.0"]"#, "0.10.0"),
        Versions(#""cniVersions":["1.0.0","1.1.0","2.0.0"]"#, "1.1.0"),
        Versions(#""cniVersion":"0.4.0","cniVersions":["0.3.1"]"#, "0.4.0"),
        Versions(#""cniVersion":"0.3.1","cniVersions":["0.4.0"]"#, "0.4.0"),
        Versions(#""cniVersion":"2.0.0","cniVersions":["0.4.0"]"#, "0.4.0"),
        Versions(#""cniVersion":"2.0.0","cniVersions":["3.0.0"]"#, "2.0.0"),
        Versions(#""cniVersion":"0.4.0","cniVersions":[]"#, "0.4.0"),
    ])
    func speaksTheHighestVersionThatItKnows(versions: Versions) throws {
        #expect(try list("{\"name\":\"n\",\(versions.members)}").version == versions.chosen)
    }
}
