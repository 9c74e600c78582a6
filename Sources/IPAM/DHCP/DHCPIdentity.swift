package import Addressing

/// Who a client is, and what it says in every message.
package struct DHCPIdentity: Hashable, Sendable {
    package let hardwareAddress: MACAddress
    /// What else it tells, the client identifier included.
    package let provided: DHCPOptions
    /// Option 55, in the order of preference.
    package let requested: [UInt8]
    /// Whether answers have to be broadcast.
    package let wantsBroadcast: Bool

    package init(
        hardwareAddress: MACAddress, provided: DHCPOptions, requested: [UInt8], wantsBroadcast: Bool = false
    ) {
        self.hardwareAddress = hardwareAddress
        self.provided = provided
        self.requested = requested
        self.wantsBroadcast = wantsBroadcast
    }

    /// Bytes of a packet that every link carries.
    private static let maximumSize: UInt16 = 1500

    /// A message that asks for something.
    func question(_ kind: DHCPMessage.Kind, _ transaction: UInt32) -> DHCPMessage {
        var message = DHCPMessage(kind, isReply: false, transaction: transaction, hardwareAddress: hardwareAddress)
        message.wantsBroadcast = wantsBroadcast
        message.options[DHCPOption.maximumSize] = Self.maximumSize.networkBytes
        if !requested.isEmpty { message.options[DHCPOption.requestedOptions] = requested }
        message.options.merge(provided)
        return message
    }

    /// A message that gives an address back: RFC 2131, section 4.4.6.
    package func release(_ address: IPv4Address, to server: IPv4Address, transaction: UInt32) -> DHCPMessage {
        var message = DHCPMessage(.release, isReply: false, transaction: transaction, hardwareAddress: hardwareAddress)
        message.clientAddress = address
        message.options[DHCPOption.server] = server.bytes
        // What a server knows the lease by.
        message.options[DHCPOption.clientID] = provided[DHCPOption.clientID]
        return message
    }
}
