import LinuxSystem
import Testing

@testable import Netlink

/// Bytes as they go on the wire, on a machine whose byte order is the Internet's reversed.
struct NetlinkMessageTests {
    private struct Header: NetlinkHeader {
        func encode(into message: inout NetlinkMessage) {
            message.append(field: UInt8(7))
            message.append(field: UInt8(0))
            message.append(field: UInt16(0x0102))
        }
    }

    @Test func writesHeaderAttributesAndPadding() {
        var message = NetlinkMessage(type: 0x10, flags: [.create, .exclusive], header: Header())
        message.append(AttributeType(3), string: "eth0")
        message.append(AttributeType(4), UInt32(1500))
        #expect(
            message.bytes(sequence: 0x0a0b_0c0d, adding: .acknowledge) == [
                40, 0, 0, 0, 0x10, 0, 0x05, 0x06,
                0x0d, 0x0c, 0x0b, 0x0a, 0, 0, 0, 0,
                7, 0, 0x02, 0x01,
                9, 0, 3, 0, 0x65, 0x74, 0x68, 0x30, 0, 0, 0, 0,
                8, 0, 4, 0, 0xdc, 0x05, 0, 0,
            ])
    }

    @Test func nestsAttributesAndFixedParts() {
        var message = NetlinkMessage(type: 1, flags: [], header: Header())
        message.nest(AttributeType(18)) { outer in
            outer.append(AttributeType(1), bytes: [0xaa])
            outer.nest(AttributeType(2), header: Header()) { inner in
                inner.append(flag: AttributeType(5))
            }
        }
        #expect(
            message.bytes.dropFirst(20) == [
                24, 0, 18, 0x80, 5, 0, 1, 0, 0xaa, 0, 0, 0,
                12, 0, 2, 0x80, 7, 0, 0x02, 0x01, 4, 0, 5, 0,
            ])
    }

    @Test func readsWhatItWrites() throws {
        var message = NetlinkMessage(type: 1, flags: [], header: Header())
        message.append(AttributeType(3), string: "eth0")
        message.append(AttributeType(4), UInt64(0x0102_0304_0506_0708))
        var read: [String] = []
        try message.bytes.span.forEachAttribute(from: 20) { (type, value) throws(SystemError) in
            read.append(type.rawValue == 3 ? value.string : "\(try value.integer(as: UInt64.self))")
        }
        #expect(read == ["eth0", "\(0x0102_0304_0506_0708)"])
    }

    @Test(arguments: [
        [3, 0, 1, 0], [5, 0, 1, 0], [0xff, 0xff, 1, 0, 0], [0, 0, 0, 0], [8, 0, 1, 0, 1, 2, 3, 4, 9, 0, 1, 0],
    ])
    func refusesLengthsThatDoNotFit(bytes: [UInt8]) {
        let error = #expect(throws: SystemError.self) {
            try bytes.span.forEachAttribute { (_, _) throws(SystemError) in }
        }
        #expect(error?.code == .badMessage)
    }

    @Test func refusesNumbersBehindTheEnd() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(throws: SystemError.self) { try bytes.span.integer(as: UInt32.self) }
        #expect(throws: SystemError.self) { try bytes.span.integer(at: 4, as: UInt8.self) }
        #expect(throws: SystemError.self) { try bytes.span.integer(at: -1, as: UInt8.self) }
        #expect(throws: SystemError.self) { try bytes.span.integer(at: .max, as: UInt16.self) }
    }
}
