import Addressing
import Attachments
import LinuxSystem
import Nftables
import PacketRules

/// The same with a socket for each call, in the calling thread's namespace.
extension Masquerade {
    func add(
        _ addresses: [InterfaceAddress], by interface: String? = "bridge0", for owner: Attachment
    ) throws(SystemError) {
        var socket = try NftablesSocket()
        try add(addresses, by: interface, for: owner, on: &socket)
    }

    func contains(
        _ addresses: [InterfaceAddress], by interface: String? = "bridge0", for owner: Attachment
    ) throws(SystemError) -> Bool {
        var socket = try NftablesSocket()
        return try contains(addresses, by: interface, for: owner, on: &socket)
    }

    func remove(
        _ addresses: [IPAddress], by interface: String? = "bridge0", of owner: Attachment
    ) throws(SystemError) {
        var socket = try NftablesSocket()
        try remove(addresses, by: interface, of: owner, on: &socket)
    }

    func removeAll(of owner: Attachment) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeAll(of: owner, on: &socket)
    }

    func removeAll(ofNetwork network: String, except valid: Set<Attachment>) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeAll(ofNetwork: network, except: valid, on: &socket)
    }
}

extension RulesetRemains {
    static func removeMasquerade(of attachment: Attachment) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeMasquerade(of: attachment, on: &socket)
    }

    static func removeIptablesMasquerade(of attachment: Attachment) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeIptablesMasquerade(of: attachment, on: &socket)
    }
}
