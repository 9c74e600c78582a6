import Addressing
import Testing

@testable import AddressPools

struct AddressRangeTests {
    struct Example: CustomTestStringConvertible {
        let subnet: String
        var start: String?
        var end: String?
        var gateway: String?
        /// `start-end via gateway`, or the defect.
        let result: String

        var testDescription: String { "\(subnet) \(start ?? "") \(end ?? "")" }
    }

    private func range(_ example: Example) throws -> AddressRange {
        try AddressRange(
            subnet: try #require(InterfaceAddress(example.subnet)), start: example.start.flatMap { IPAddress($0) },
            end: example.end.flatMap { IPAddress($0) }, gateway: example.gateway.flatMap { IPAddress($0) })
    }

    @Test(arguments: [
        Example(subnet: "192.0.2.0/24", result: "192.0.2.1-192.0.2.254 via 192.0.2.1"),
        Example(subnet: "192.0.2.0/25", result: "192.0.2.1-192.0.2.126 via 192.0.2.1"),
        Example(subnet: "192.0.2.0/30", result: "192.0.2.1-192.0.2.2 via 192.0.2.1"),
        Example(subnet: "2001:DB8:1::/64", result: "2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff via 2001:db8:1::1"),
        Example(subnet: "2001:db8::/126", result: "2001:db8::1-2001:db8::3 via 2001:db8::1"),
        Example(
            subnet: "192.0.2.0/24", start: "192.0.2.40", end: "192.0.2.50", gateway: "192.0.2.254",
            result: "192.0.2.40-192.0.2.50 via 192.0.2.254"),
        // What the reference hands out when told to.
        Example(
            subnet: "192.0.2.0/24", start: "192.0.2.0", end: "192.0.2.255", gateway: "2001:db8::1",
            result: "192.0.2.0-192.0.2.255 via 2001:db8::1"),
    ])
    func fillsInDefaults(_ example: Example) throws {
        let range = try range(example)
        #expect("\(range) via \(range.gateway)" == example.result)
    }

    @Test(arguments: [
        Example(
            subnet: "192.0.2.12/24",
            result: "subnet: Network has host bits set. For a subnet mask of length 24 the network address is 192.0.2.0"
        ),
        Example(
            subnet: "2001:db8:1::24:19ff/64",
            result: "subnet: Network has host bits set. For a subnet mask of length 64 the network address is "
                + "2001:db8:1::"),
        Example(
            subnet: "2001:DB8:24:19ff::/63",
            result: "subnet: Network has host bits set. For a subnet mask of length 63 the network address is "
                + "2001:db8:24:19fe::"),
        Example(
            subnet: "192.168.127.0/23",
            result: "subnet: Network has host bits set. For a subnet mask of length 23 the network address is "
                + "192.168.126.0"),
        Example(subnet: "192.0.2.0/31", result: "subnet: Network 192.0.2.0/31 too small to allocate from"),
        Example(subnet: "192.0.2.0/32", result: "subnet: Network 192.0.2.0/32 too small to allocate from"),
        Example(subnet: "2001:db8::/127", result: "subnet: Network 2001:db8::/127 too small to allocate from"),
        Example(
            subnet: "192.0.2.0/24", start: "192.0.3.0",
            result: "rangeStart: RangeStart 192.0.3.0 not in network 192.0.2.0/24"),
        Example(
            subnet: "192.0.2.0/24", end: "192.0.4.0",
            result: "rangeEnd: RangeEnd 192.0.4.0 not in network 192.0.2.0/24"),
        Example(
            subnet: "192.0.2.0/24", end: "192.0.2.0",
            result: "rangeEnd: RangeEnd 192.0.2.0 not in network 192.0.2.0/24"),
        Example(
            subnet: "192.0.2.0/24", start: "192.0.2.50", end: "192.0.2.40",
            result: "rangeStart: RangeStart 192.0.2.50 not in network 192.0.2.0/24"),
        Example(
            subnet: "192.0.2.0/24", start: "2001:db8::1",
            result: "rangeStart: RangeStart 2001:db8::1 not in network 192.0.2.0/24"),
    ])
    func refusesWhatNoAddressCanBeTakenFrom(_ example: Example) throws {
        let defect = try #require(throws: AddressRange.Defect.self) { try range(example) }
        #expect("\(defect.member): \(defect.message)" == example.result)
    }
}
