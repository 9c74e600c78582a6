import Attachments
import CNI
import Foundation
import JSON
import TestSupport
import Testing

@testable import CNIRuntime

struct ResultCacheTests {
    let files: TemporaryDirectory
    let cache: ResultCache
    let attachment = Attachment(network: "net", containerID: "cid1", interfaceName: "eth0")

    init() throws {
        files = try TemporaryDirectory()
        cache = ResultCache(directory: "\(files.path)/deep/cni")
    }

    private func list(_ version: String = "1.0.0", name: String = "net") throws -> ConfigurationList {
        try ConfigurationList(
            parsing: Array(#"{"name":"\#(name)","cniVersion":"\#(version)","plugins":[{"type":"a"}]}"#.utf8))
    }

    private func request(_ id: String = "cid1", network: String = "net") -> AttachmentRequest {
        AttachmentRequest(
            Attachment(network: network, containerID: id, interfaceName: "eth0"),
            namespacePath: "/run/netns/x",
            arguments: [.init(key: "B", value: "1"), .init(key: "A", value: "2")],
            capabilityArguments: ["z": [["y": 1, "x": 2]], "a": true])
    }

    private func store(_ text: String) throws {
        try files.write("deep/cni/results/net-cid1-eth0", text)
    }

    @Test func writesTheBytesOfTheReference() throws {
        let list = try list()
        try cache.store(
            ["ips": [["gateway": "10.0.0.1", "address": "10.0.0.5/24"]], "cniVersion": "1.0.0"], of: request(),
            in: list)
        let config = Data(list.bytes).base64EncodedString()
        #expect(
            files.contents("deep/cni/results/net-cid1-eth0")
                == #"{"kind":"cniCacheV1","containerId":"cid1","config":"\#(config)","ifName":"eth0","networkName":"net","netns":"/run/netns/x","cniArgs":[["B","1"],["A","2"]],"capabilityArgs":{"a":true,"z":[{"x":2,"y":1}]},"result":{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.5/24","gateway":"10.0.0.1"}]}}"#
        )
    }

    /// An entry that the reference library wrote for podman.
    @Test func rewritesAnEntryOfTheReferenceToTheByte() throws {
        let id = "c312879837b7229f7557792b01f37c374770b18fdfc6fc4c568e9f2d14fbd4eb"
        let configuration =
            #"{"cniVersion":"0.4.0","name":"t","plugins":[{"type":"bridge","bridge":"rtp0","isGateway":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.77.0.0/24"}]],"dataDir":"/tmp/rtp/leases"}},{"type":"tuning","capabilities":{"mac":true}}]}"#
        let entry =
            #"{"kind":"cniCacheV1","containerId":"\#(id)","config":"eyJjbmlWZXJzaW9uIjoiMC40LjAiLCJuYW1lIjoidCIsInBsdWdpbnMiOlt7InR5cGUiOiJicmlkZ2UiLCJicmlkZ2UiOiJydHAwIiwiaXNHYXRld2F5Ijp0cnVlLCJpcGFtIjp7InR5cGUiOiJob3N0LWxvY2FsIiwicmFuZ2VzIjpbW3sic3VibmV0IjoiMTAuNzcuMC4wLzI0In1dXSwiZGF0YURpciI6Ii90bXAvcnRwL2xlYXNlcyJ9fSx7InR5cGUiOiJ0dW5pbmciLCJjYXBhYmlsaXRpZXMiOnsibWFjIjp0cnVlfX1dfQo=","ifName":"eth0","networkName":"t","cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAME","web"],["MAC","02:00:00:00:00:77"]],"capabilityArgs":{"aliases":{"t":["c312879837b7"]}},"result":{"cniVersion":"0.4.0","dns":{},"interfaces":[{"mac":"5a:70:3a:6b:0e:89","name":"rtp0"},{"mac":"fe:01:7c:b4:12:fd","name":"veth8e7a7544"},{"mac":"02:00:00:00:00:77","name":"eth0","sandbox":"/run/netns/netns-cc9bd9d2-4f93-2176-e49e-a3c89fa8eb3b"}],"ips":[{"address":"10.77.0.2/24","gateway":"10.77.0.1","interface":2,"version":"4"}]}}"#
        try files.write("deep/cni/results/t-\(id)-eth0", entry)
        let list = try ConfigurationList(parsing: Array("\(configuration)\n".utf8))
        let request = try #require(cache.attachments(of: "t").first)
        #expect(request.arguments.map(\.key) == ["IgnoreUnknown", "K8S_POD_NAME", "MAC"])
        #expect(request.namespacePath == "")
        let result = try #require(try cache.result(of: request.attachment, in: list))
        try cache.remove(request.attachment)
        try cache.store(result, of: request, in: list)
        #expect(files.contents("deep/cni/results/t-\(id)-eth0") == entry)
    }

    @Test func leavesOutWhatThereIsNot() throws {
        let list = try list()
        try cache.store([:], of: AttachmentRequest(attachment, namespacePath: ""), in: list)
        let config = Data(list.bytes).base64EncodedString()
        #expect(
            files.contents("deep/cni/results/net-cid1-eth0")
                == #"{"kind":"cniCacheV1","containerId":"cid1","config":"\#(config)","ifName":"eth0","networkName":"net","result":{}}"#
        )
    }

    @Test func keepsItToItself() throws {
        try cache.store([:], of: request(), in: list())
        #expect(files.names(in: "deep/cni/results") == ["net-cid1-eth0"])
        for (name, mode) in [("deep/cni/results", 0o700), ("deep/cni/results/net-cid1-eth0", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(files.path)/\(name)")
            #expect(attributes[.posixPermissions] as? Int == mode)
        }
    }

    @Test func returnsWhatItWasGiven() throws {
        let result: JSONObject = ["cniVersion": "1.0.0", "ips": [["address": "10.0.0.5/24"]], "unknown": 1]
        try cache.store(result, of: request(), in: list())
        #expect(try cache.result(of: attachment, in: list()) == result.sorted)
        #expect(try cache.attachments(of: "net").map(\.attachment) == [attachment])
        #expect(try cache.attachments(of: "net").first?.namespacePath == "/run/netns/x")
        #expect(try cache.attachments(of: "net").first?.arguments == request().arguments)
        #expect(try cache.attachments(of: "net").first?.capabilityArguments == request().capabilityArguments.sorted)
    }

    @Test func readsWhatTheReferenceWrote() throws {
        try store(
            #"{"kind":"cniCacheV1","containerId":"cid1","config":"e30=","ifName":"eth0","networkName":"net","netns":"/run/netns/x","cniArgs":[["IgnoreUnknown","1"]],"capabilityArgs":{"mac":"\u003cx\u003e"},"result":{"cniVersion":"1.0.0","dns":{}}}"#
        )
        #expect(try cache.result(of: attachment, in: list()) == ["cniVersion": "1.0.0", "dns": [:]])
        #expect(try cache.attachments(of: "net").first?.capabilityArguments == ["mac": "<x>"])
    }

    @Test func tellsWhatAddWasAsked() throws {
        try cache.store([:], of: request(), in: list())
        #expect(try cache.request(of: attachment)?.arguments == request().arguments)
        #expect(try cache.request(of: request("b").attachment) == nil)
        try store(#"{"cniVersion":"1.0.0"}"#)
        #expect(try cache.request(of: attachment) == nil)
        // A null character would end the path before its time.
        try store(
            #"{"kind":"cniCacheV1","containerId":"cid1","ifName":"eth0","networkName":"net","netns":"/a\u0000b"}"#)
        #expect(try cache.request(of: attachment) == nil)
        #expect(try cache.attachments(of: "net").isEmpty)
    }

    @Test func readsTheFormBeforeThereWasAKind() throws {
        try store(#"{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.5/24"}]}"#)
        #expect(
            try cache.result(of: attachment, in: list())
                == ["cniVersion": "1.0.0", "ips": [["address": "10.0.0.5/24"]]])
        #expect(try cache.attachments(of: "net").isEmpty)
    }

    @Test func convertsToTheVersionOfTheList() throws {
        try store(#"{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.5/24"}]}"#)
        #expect(
            try cache.result(of: attachment, in: list("0.4.0"))
                == ["cniVersion": "0.4.0", "ips": [["version": "4", "address": "10.0.0.5/24"]], "dns": [:]])
    }

    @Test func nothingIsKeptIsNoError() throws {
        #expect(try cache.result(of: attachment, in: list()) == nil)
        #expect(try cache.attachments(of: "net").isEmpty)
        #expect(throws: Never.self) { try cache.remove(attachment) }
    }

    @Test(arguments: [
        "adfadsfasdfasfdsafaf", "", "[]", #"{"cniVersion":"9.9.9"}"#, #"{"cniVersion":"0.4.0","ips":1}"#,
        #"{"kind":"cniCacheV1","result":1}"#,
    ])
    func saysThatWhatItKeptIsUnreadable(text: String) throws {
        try store(text)
        let error = try #require(throws: CNIError.self) { try cache.result(of: attachment, in: list()) }
        #expect(error.message.hasPrefix("failed to get network \"net\" cached result: \(files.path)/deep/"))
    }

    @Test func doesNotWaitForAPipe() throws {
        try files.makePipe("deep/cni/results/net-cid1-eth0")
        let error = try #require(throws: CNIError.self) { try cache.result(of: attachment, in: list()) }
        #expect(error.code == .inputOutput)
        #expect(error.message.hasSuffix("/results/net-cid1-eth0: Invalid argument: not a regular file"))
        #expect(try cache.attachments(of: "net").isEmpty)
    }

    @Test func refusesAVersionThatItCannotConvertTo() throws {
        try store(#"{"cniVersion":"1.0.0"}"#)
        let error = try #require(throws: CNIError.self) { try cache.result(of: attachment, in: list("0.2.0")) }
        #expect(error.message.hasSuffix("cannot convert: no valid IP addresses"))
        #expect(throws: CNIError.self) { try cache.result(of: attachment, in: list("0.5.0")) }
    }

    @Test func listsAttachmentsOfTheNetworkOnly() throws {
        try cache.store([:], of: request("b"), in: list())
        try cache.store([:], of: request("a"), in: list())
        try cache.store([:], of: request("c", network: "net-b"), in: list(name: "net-b"))
        try files.write("deep/cni/results/net-x-eth0", "{")
        try files.write("deep/cni/results/README", "")
        let left = files.contents("deep/cni/results/net-a-eth0") ?? ""
        try files.write("deep/cni/results/net-a-eth0.4711.tmp", left)
        #expect(try cache.attachments(of: "net").map(\.attachment.containerID) == ["a", "b"])
        #expect(try cache.attachments(of: "net-b").map(\.attachment.containerID) == ["c"])
    }

    @Test func needsAllThreeParts() throws {
        let nameless = AttachmentRequest(
            Attachment(network: "net", containerID: "", interfaceName: "eth0"), namespacePath: "")
        #expect(
            throws: CNIError(
                .invalidConfiguration,
                #"cache file path requires network name ("net"), container ID (""), and interface name ("eth0")"#)
        ) {
            try cache.store([:], of: nameless, in: list())
        }
    }

    @Test(arguments: ["../x", "a/b", ".."])
    func refusesNamesThatArePaths(name: String) throws {
        #expect(throws: CNIError.self) {
            try cache.remove(Attachment(network: "net", containerID: name, interfaceName: "eth0"))
        }
        #expect(throws: CNIError.self) {
            try cache.remove(Attachment(network: "net", containerID: "c", interfaceName: name))
        }
        #expect(throws: CNIError.self) {
            try cache.remove(Attachment(network: name, containerID: "c", interfaceName: "eth0"))
        }
    }
}
