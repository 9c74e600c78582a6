import Addressing
import Netlink
import TestSupport
import Testing

@testable import RouteNetlink

/// The bytes of the messages: rtnetlink(7).
struct NeighborTests {
    @Test func encodesANeighbor() throws {
        let entry = Neighbor(
            .neighbors, on: InterfaceIndex(rawValue: 7), try #require(IPAddress("10.244.2.0")),
            is: try #require(MACAddress("02:00:00:00:00:0c")))
        // struct nlmsghdr: length, RTM_NEWNEIGH, REQUEST|CREATE|REPLACE, sequence, port.
        let header = "30000000 1c00 0105 00000000 00000000"
        // struct ndmsg: AF_INET, index, NUD_PERMANENT, no flags.
        let fixed = "02 00 0000 07000000 8000 00 00"
        let attributes = "0800 0100 0af40200" + "0a00 0200 02000000000c 0000"
        #expect(NetlinkRequest.replace(entry).message.bytes == hex(header, fixed, attributes))
    }

    @Test func encodesAForwardingEntry() throws {
        let entry = Neighbor(
            .forwarding, on: InterfaceIndex(rawValue: 7), try #require(IPAddress("fd00::2")),
            is: try #require(MACAddress("00:00:00:00:00:00")))
        // REQUEST|CREATE|APPEND
        let header = "3c000000 1c00 010c 00000000 00000000"
        // AF_BRIDGE, index, NUD_PERMANENT, NTF_SELF.
        let fixed = "07 00 0000 07000000 8000 02 00"
        let attributes = "1400 0100 fd000000000000000000000000000002" + "0a00 0200 000000000000 0000"
        #expect(NetlinkRequest.replace(entry).message.bytes == hex(header, fixed, attributes))
    }
}
