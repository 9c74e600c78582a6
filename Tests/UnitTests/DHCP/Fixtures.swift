import Addressing
import DHCP
import TestSupport

/// A client and a server that the tests play.
enum Fixture {
    static let mac = MACAddress(locallyAdministeredFrom: 1)
    static let serverMAC = MACAddress(locallyAdministeredFrom: 2)
    static let server = address("10.9.0.1")
    static let leased = address("10.9.0.52")

    static let identity: DHCPIdentity = {
        var provided = DHCPOptions()
        provided[DHCPOption.clientID] = [0] + Array("cid1/net1/eth0".utf8)
        return DHCPIdentity(hardwareAddress: mac, provided: provided, requested: [121, 3, 1])
    }()

    static func address(_ text: String) -> IPv4Address { IPv4Address(text) ?? .unspecified }

    /// What a server answers to a question.
    static func answer(
        _ kind: DHCPMessage.Kind, to question: DHCPMessage, _ address: IPv4Address = leased,
        options: [UInt8: [UInt8]] = [1: [255, 255, 255, 0], 51: [0, 0, 0, 100]], from server: IPv4Address = server
    ) -> DHCPMessage {
        var message = DHCPMessage(
            kind, isReply: true, transaction: question.transaction, hardwareAddress: question.hardwareAddress)
        message.yourAddress = address
        message.options[DHCPOption.server] = server.bytes
        for (number, value) in options { message.options[number] = value }
        return message
    }

    static func lease(_ options: [UInt8: [UInt8]], at start: Int = 0) throws -> DHCPLease {
        let question = DHCPMessage(.request, isReply: false, transaction: 1, hardwareAddress: mac)
        let all = [1: [255, 255, 255, 0]].merging(options) { $1 }
        return try DHCPLease(answer(.acknowledgement, to: question, options: all), from: serverMAC, at: start)
    }
}
