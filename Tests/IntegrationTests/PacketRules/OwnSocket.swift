import Addressing
import LinuxSystem
import Nftables
import PacketRules

/// The same with a socket for each call, in the calling thread's namespace.
extension Masquerade {
    func add(_ addresses: [InterfaceAddress], for owner: RuleOwner) throws(SystemError) {
        var socket = try NftablesSocket()
        try add(addresses, for: owner, on: &socket)
    }

    func contains(_ addresses: [InterfaceAddress], for owner: RuleOwner) throws(SystemError) -> Bool {
        var socket = try NftablesSocket()
        return try contains(addresses, for: owner, on: &socket)
    }

    func remove(_ addresses: [IPAddress], of owner: RuleOwner) throws(SystemError) {
        var socket = try NftablesSocket()
        try remove(addresses, of: owner, on: &socket)
    }

    func removeAll(of owner: RuleOwner) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeAll(of: owner, on: &socket)
    }

    func removeAll(ofNetwork network: String, except valid: Set<RuleOwner>) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeAll(ofNetwork: network, except: valid, on: &socket)
    }
}

extension RulesetRemains {
    static func removeMasquerade(withCommentPrefix prefix: String, except kept: [String] = []) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeMasquerade(withCommentPrefix: prefix, except: kept, on: &socket)
    }

    static func removeMasquerade(iptablesChain name: String) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeMasquerade(iptablesChain: name, on: &socket)
    }
}
