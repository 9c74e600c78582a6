import Addressing
import CLinux
import DHCP
import LinuxSystem
import RouteNetlink

/// A socket for messages on one interface, open while answers may come; a class, for collections hold no descriptors.
///
/// While it is open its namespace lives, so it is not kept: a container that ends without DEL would leave its namespace,
/// with all that is in it, until its lease ends.
final class DHCPPort {
    let descriptor: FileDescriptor
    private let interface: LeasedInterface

    private static let clientPort: UInt16 = 68
    private static let serverPort: UInt16 = 67
    /// Bytes of a packet that are read; none with a message is longer.
    private static let packetLimit = 4096

    init(on interface: LeasedInterface, in namespace: borrowing NetworkNamespace) throws(SystemError) {
        self.interface = interface
        let (index, filter) = (interface.index.rawValue, Self.filter(for: interface.mac))
        descriptor = try namespace.run { () throws(SystemError) in
            try FileDescriptor.packetSocket(on: index, filter: filter)
        }
    }

    func send(_ message: DHCPMessage, to destination: DHCPClient.Destination) throws(SystemError) {
        let (address, hardwareAddress) =
            switch destination {
            case .everyone: (IPv4Address.broadcast, MACAddress.broadcast)
            case .server(let server, let hardwareAddress): (server, hardwareAddress)
            }
        let datagram = UDPDatagram(
            from: message.clientAddress, Self.clientPort, to: address, Self.serverPort, payload: message.bytes)
        try descriptor.sendPacket(datagram.packet.span, by: interface.index.rawValue, to: hardwareAddress.bytes)
    }

    /// The next message; nil when there is no more.
    func receive() throws(SystemError) -> (message: DHCPMessage, sender: MACAddress)? {
        while let packet = try descriptor.receivePacket(limit: Self.packetLimit) {
            guard let datagram = UDPDatagram(packet: packet.bytes), datagram.destinationPort == Self.clientPort,
                let message = DHCPMessage(datagram.payload),
                let sender = MACAddress(bytes: packet.senderHardwareAddress.span)
            else { continue }
            return (message, sender)
        }
        return nil
    }

    /// Lets pass what begins like an answer to this interface, so that nobody is woken by the answers to others: UDP to
    /// the client's port, no fragment, a reply, with the interface's address.
    private static func filter(for mac: MACAddress) -> [PacketFilterInstruction] {
        let loadByte = UInt16(BPF_LD | BPF_B | BPF_ABS)
        let loadHalf = UInt16(BPF_LD | BPF_H | BPF_ABS)
        let loadHeaderLength = UInt16(BPF_LDX | BPF_B | BPF_MSH)
        let loadByteBehind = UInt16(BPF_LD | BPF_B | BPF_IND)
        let loadHalfBehind = UInt16(BPF_LD | BPF_H | BPF_IND)
        let loadWordBehind = UInt16(BPF_LD | BPF_W | BPF_IND)
        let isEqual = UInt16(BPF_JMP | BPF_JEQ | BPF_K)
        let hasBits = UInt16(BPF_JMP | BPF_JSET | BPF_K)
        let take = UInt16(BPF_RET | BPF_K)
        let udp = UInt32(8)
        let tests: [(load: PacketFilterInstruction, test: UInt16, operand: UInt32, passes: Bool)] = [
            (.init(loadByte, 9), isEqual, 17, true),
            (.init(loadHalf, 6), hasBits, 0x3fff, false),
            (.init(loadHalfBehind, 2), isEqual, UInt32(clientPort), true),
            (.init(loadByteBehind, udp), isEqual, 2, true),
            (.init(loadWordBehind, udp + 28), isEqual, UInt32(truncatingIfNeeded: mac.rawValue >> 16), true),
            (.init(loadHalfBehind, udp + 32), isEqual, UInt32(truncatingIfNeeded: mac.rawValue & 0xffff), true),
        ]
        var filter = [PacketFilterInstruction(loadHeaderLength, 0)]
        for (number, item) in tests.enumerated() {
            // Behind the last test comes the end that takes the packet, and then the one that does not.
            let failure = UInt8(clamping: 2 * (tests.count - 1 - number) + 1)
            filter += [
                item.load,
                .init(
                    item.test, item.operand, jumpIfTrue: item.passes ? 0 : failure,
                    jumpIfFalse: item.passes ? failure : 0),
            ]
        }
        return filter + [.init(take, UInt32(packetLimit)), .init(take, 0)]
    }
}
