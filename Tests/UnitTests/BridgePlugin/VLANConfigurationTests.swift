import CNI
import JSON
import Testing

@testable import BridgePlugin

struct VLANConfigurationTests {
    private func vlans(_ object: JSONObject) throws -> VLANConfiguration? {
        try VLANConfiguration(JSONReader(.object(object)))
    }

    struct Trunk: Sendable {
        var entries: [JSONValue]
        var tagged: [UInt16]
        /// Beside tagged VLANs, untagged frames are in the first one.
        var untagged: UInt16?
    }

    @Test(arguments: [
        Trunk(entries: [], tagged: [], untagged: nil),
        Trunk(entries: [[:]], tagged: [], untagged: nil),
        Trunk(entries: [["minID": 100, "maxID": 105]], tagged: [100, 101, 102, 103, 104, 105], untagged: 1),
        Trunk(entries: [["id": 10]], tagged: [10], untagged: 1),
        Trunk(entries: [["id": 10], ["minID": 8, "maxID": 11]], tagged: [8, 9, 10, 11], untagged: 1),
        Trunk(entries: [["id": 7, "minID": 8, "maxID": 9]], tagged: [7, 8, 9], untagged: 1),
        Trunk(entries: [["id": 4094], ["id": 1]], tagged: [4094], untagged: 1),
    ])
    func joinsTheEntriesOfATrunk(trunk: Trunk) throws {
        let vlans = try #require(try vlans(["vlanTrunk": .array(trunk.entries)]))
        #expect(vlans.port.tagged == trunk.tagged)
        #expect(vlans.port.untagged == trunk.untagged)
        #expect(vlans.vlan == nil)
    }

    struct Fault: Sendable {
        var entry: JSONValue
        var message: String
    }

    @Test(arguments: [
        Fault(
            entry: ["minID": 10],
            message: "minID and maxID should be configured simultaneously, maxID is missing"),
        Fault(
            entry: ["maxID": 10],
            message: "minID and maxID should be configured simultaneously, minID is missing"),
        Fault(entry: ["minID": -1, "maxID": 10], message: "incorrect trunk minID parameter"),
        Fault(entry: ["minID": 5000, "maxID": 5001], message: "incorrect trunk minID parameter"),
        Fault(entry: ["minID": 1, "maxID": 5000], message: "incorrect trunk maxID parameter"),
        Fault(entry: ["id": 5000], message: "incorrect trunk id parameter"),
        Fault(entry: ["id": -1], message: "incorrect trunk id parameter"),
        Fault(entry: ["id": 0], message: "incorrect trunk id parameter"),
        Fault(entry: ["minID": 1000, "maxID": 100], message: "minID is greater than maxID in trunk parameter"),
    ])
    func refusesATrunkThatIsNone(fault: Fault) throws {
        let error = #expect(throws: CNIError.self) { try vlans(["vlanTrunk": [fault.entry]]) }
        #expect(error?.message == fault.message)
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(arguments: [-100, 4095, 5000, Int64.max])
    func refusesAVLANThatIsNone(number: Int64) throws {
        let error = #expect(throws: CNIError.self) { try vlans(["vlan": .number(JSONNumber(number))]) }
        #expect(error?.message == "invalid VLAN ID \(number) (must be between 0 and 4094)")
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func zeroIsNoVLAN() throws {
        #expect(try vlans(["vlan": 0]) == nil)
        #expect(try vlans([:]) == nil)
    }

    @Test func theContainersVLANStaysUntaggedInATrunkThatHasIt() throws {
        let vlans = try #require(try vlans(["vlan": 100, "vlanTrunk": [["minID": 99, "maxID": 101]]]))
        #expect(vlans.port.untagged == 100)
        #expect(vlans.port.tagged == [99, 101])
    }

    @Test(arguments: [true, false])
    func theDefaultVLANIsLeftUnlessItIsPreserved(isPreserved: Bool) throws {
        let vlans = try #require(try vlans(["vlan": 100, "preserveDefaultVlan": .bool(isPreserved)]))
        #expect(vlans.leavesDefaultVLAN != isPreserved)
        #expect(vlans.port.leavesOthers != isPreserved)
    }
}
