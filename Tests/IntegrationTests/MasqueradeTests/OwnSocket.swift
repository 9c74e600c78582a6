import Addressing
import HostNetwork
import LinuxSystem
import Nftables

/// The same with a socket for each call, in the calling thread's namespace.
extension Masquerade {
    func add(_ addresses: [InterfaceAddress], for owner: Owner) throws(SystemError) {
        var socket = try NftablesSocket()
        try add(addresses, for: owner, on: &socket)
    }

    func contains(_ addresses: [InterfaceAddress], for owner: Owner) throws(SystemError) -> Bool {
        var socket = try NftablesSocket()
        return try contains(addresses, for: owner, on: &socket)
    }

    func remove(_ addresses: [IPAddress], of owner: Owner) throws(SystemError) {
        var socket = try NftablesSocket()
        try remove(addresses, of: owner, on: &socket)
    }

    func removeAll(of owner: Owner) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeAll(of: owner, on: &socket)
    }

    func removeAll(ofNetwork network: String, except valid: Set<Owner>) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeAll(ofNetwork: network, except: valid, on: &socket)
    }
}

extension MasqueradeRemains {
    static func removeRules(withCommentPrefix prefix: String) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeRules(withCommentPrefix: prefix, on: &socket)
    }

    static func removeIptablesChain(named name: String) throws(SystemError) {
        var socket = try NftablesSocket()
        try removeIptablesChain(named: name, on: &socket)
    }
}
