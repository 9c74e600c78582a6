import Addressing
import Flannel
import TestSupport
import Testing

@testable import FlannelDaemon

struct MemoryTests {
    @Test func isReadAsItWasWritten() throws {
        let directory = try TemporaryDirectory()
        var memory = Memory()
        memory.network = try ClusterNetwork(parsing: Array(#"{"Network":"10.244.0.0/16","New":[1]}"#.utf8))
        memory.subnets = NodeSubnets([CIDR("10.244.1.0/24")].compactMap(\.self))
        memory.macs = [.v4: try #require(MACAddress("02:00:00:00:00:01"))]
        memory.leases = [
            LeaseTable.Record(
                name: "10.244.2.0-24", value: Array(#"{"PublicIP":"1.2.3.4"}"#.utf8), created: 7, modified: 0)
        ]
        let path = Memory.path(in: "\(directory.path)/new", for: "/coreos.com/network")
        #expect(path.hasSuffix("/new/coreos.com%2Fnetwork.json"))
        try memory.write(to: path)
        #expect(Memory(path: path) == memory)
        #expect(try ThisMachine().run("stat", "-c", "%a", path) == "600\n")
    }

    @Test(arguments: [
        "", "{}", #"{"version":2}"#, #"{"version":1,"leases":7}"#, "[", #"{"version":1,"macs":{"IPv4":"x"}}"#,
    ])
    func aFileThatIsNoneRemembersNothing(text: String) throws {
        let directory = try TemporaryDirectory()
        #expect(Memory(path: try directory.write("state.json", text)) == Memory())
        #expect(Memory(path: "\(directory.path)/nothing") == Memory())
    }
}
