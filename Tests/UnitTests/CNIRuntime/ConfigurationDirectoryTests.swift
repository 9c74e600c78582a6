import CNI
import Foundation
import JSON
import TestSupport
import Testing

@testable import CNIRuntime

struct ConfigurationDirectoryTests {
    let files: TemporaryDirectory
    let directory: ConfigurationDirectory

    init() throws {
        files = try TemporaryDirectory()
        directory = ConfigurationDirectory(path: files.path)
    }

    private func writeList(_ file: String, name: String, type: String) throws {
        try files.write(file, #"{"name":"\#(name)","cniVersion":"1.0.0","plugins":[{"type":"\#(type)"}]}"#)
    }

    @Test func findsAListByItsName() throws {
        try writeList("10-one.conflist", name: "one", type: "bridge")
        try writeList("20-two.conflist", name: "two", type: "ptp")
        #expect(try directory.list(named: "two").plugins.map(\.type) == ["ptp"])
    }

    @Test func takesTheFirstOfTwoListsOfOneName() throws {
        try writeList("20-b.conflist", name: "net", type: "second")
        try writeList("10-a.conflist", name: "net", type: "first")
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["first"])
    }

    @Test func listsEachNetworkOnce() throws {
        try writeList("20-b.conflist", name: "net", type: "second")
        try writeList("10-a.conflist", name: "net", type: "first")
        try files.write("00-single.conf", #"{"type":"bridge","name":"single"}"#)
        try files.write("00-nameless.conf", #"{"type":"bridge"}"#)
        let lists = try directory.lists()
        #expect(lists.map(\.name) == ["net", "single"])
        #expect(lists.flatMap(\.plugins).map(\.type) == ["first", "bridge"])
    }

    @Test(arguments: ["10-single.conf", "10-single.json"])
    func makesAListOfASinglePlugin(file: String) throws {
        try files.write(file, #"{"type":"bridge","name":"net","cniVersion":"0.4.0","mtu":1.50e3}"#)
        let list = try directory.list(named: "net")
        #expect(list.name == "net")
        #expect(list.version == "0.4.0")
        #expect(list.plugins.map(\.type) == ["bridge"])
        #expect(
            String(decoding: list.bytes, as: UTF8.self)
                == #"{"cniVersion":"0.4.0","name":"net","plugins":[{"type":"bridge","name":"net","cniVersion":"0.4.0","mtu":1.50e3}]}"#
        )
    }

    @Test func prefersAListToASinglePlugin() throws {
        try files.write("00-single.conf", #"{"type":"single","name":"net"}"#)
        try writeList("99-list.conflist", name: "net", type: "listed")
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["listed"])
        try FileManager.default.removeItem(atPath: "\(files.path)/99-list.conflist")
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["single"])
    }

    @Test func passesOverDirectoriesAndOtherFiles() throws {
        try writeList("below.conflist/net.conflist", name: "net", type: "nested")
        try writeList("net.conflist~", name: "net", type: "backup")
        try files.makePipe("pipe.conflist")
        try FileManager.default.createSymbolicLink(
            atPath: "\(files.path)/gone.conflist", withDestinationPath: "\(files.path)/nowhere")
        #expect(throws: CNIError(.invalidConfiguration, "no net configurations found in \(files.path)")) {
            try directory.list(named: "net")
        }
    }

    @Test func followsSymbolicLinksToFiles() throws {
        try writeList("data/net", name: "net", type: "linked")
        try FileManager.default.createSymbolicLink(
            atPath: "\(files.path)/net.conflist", withDestinationPath: "data/net")
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["linked"])
    }

    @Test func aMissingDirectoryHasNoNetworks() {
        let missing = ConfigurationDirectory(path: "\(files.path)/missing")
        #expect(throws: CNIError(.invalidConfiguration, "no net configurations found in \(missing.path)")) {
            try missing.list(named: "net")
        }
    }

    @Test func tellsWhichNetworksThereAre() throws {
        try writeList("10-one.conflist", name: "one", type: "bridge")
        try files.write("20-two.conf", #"{"type":"ptp","name":"two"}"#)
        try files.write("30-nameless.conf", #"{"type":"ptp"}"#)
        #expect(
            throws: CNIError(
                .invalidConfiguration, "no net configuration with name \"three\" in \(files.path)",
                details: #"there is "one", "two""#)
        ) {
            try directory.list(named: "three")
        }
    }

    @Test func aMalformedFileEndsTheSearch() throws {
        let broken = try files.write("10-broken.conflist", "{")
        try writeList("20-net.conflist", name: "net", type: "bridge")
        try writeList("00-first.conflist", name: "first", type: "bridge")
        #expect(
            throws: CNIError(
                .invalidConfiguration,
                "\(broken): error parsing configuration list: line 1, column 2: unexpected end of JSON input")
        ) {
            try directory.list(named: "net")
        }
        #expect(try directory.list(named: "first").name == "first")
    }

    @Test func aSinglePluginNeedsAType() throws {
        let file = try files.write("10-net.conf", #"{"name":"net"}"#)
        #expect(
            throws: CNIError(.invalidConfiguration, "\(file): error parsing configuration: missing 'type'")
        ) {
            try directory.list(named: "net")
        }
    }
}

/// Plugins in the directory of the network's name.
extension ConfigurationDirectoryTests {
    private func writeExtras() throws {
        try files.write("net/20-b.conf", #"{"type":"b"}"#)
        try files.write("net/10-a.conf", #"{"type":"a"}"#)
        try files.write("net/readme.txt", "no plugin")
    }

    @Test(arguments: ["", #","loadOnlyInlinedPlugins":false"#, #","loadOnlyInlinedPlugins":"False""#])
    func appendsThemToTheInlinedOnes(member: String) throws {
        try files.write("net.conflist", #"{"name":"net","plugins":[{"type":"inlined"}]\#(member)}"#)
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["inlined"])
        try writeExtras()
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["inlined", "a", "b"])
    }

    @Test func leavesThemOutWhenTheListSaysSo() throws {
        try writeExtras()
        try files.write(
            "net.conflist", #"{"name":"net","loadOnlyInlinedPlugins":true,"plugins":[{"type":"inlined"}]}"#)
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["inlined"])
    }

    @Test func theyCanBeAllThereIs() throws {
        let file = try files.write("net.conflist", #"{"name":"net"}"#)
        #expect(throws: CNIError(.invalidConfiguration, "\(file): no plugin configs found")) {
            try directory.list(named: "net")
        }
        try writeExtras()
        #expect(try directory.list(named: "net").plugins.map(\.type) == ["a", "b"])
    }

    @Test func namesTheFileThatIsMalformed() throws {
        try files.write("net.conflist", #"{"name":"net","plugins":[{"type":"inlined"}]}"#)
        let extra = try files.write("net/10-a.conf", "{}")
        let error = try #require(throws: CNIError.self) { try directory.list(named: "net") }
        #expect(error.message.hasSuffix("\(extra): error parsing configuration: missing 'type'"))
    }

    @Test func aNameThatIsAPathLeadsNowhere() throws {
        try writeExtras()
        try files.write("below/x.conflist", #"{"name":"../net","plugins":[{"type":"inlined"}]}"#)
        let below = ConfigurationDirectory(path: "\(files.path)/below")
        #expect(try below.list(named: "../net").plugins.map(\.type) == ["inlined"])
    }
}
