package import Addressing
import LinuxSystem

/// What the flannel daemon says about this node: `subnet.env`, lines of `KEY=VALUE` without quotes, blanks or comments.
///
/// Lines of other keys are ignored. Of several lines with one key the last counts.
package struct SubnetFile: Hashable, Sendable {
    /// `FLANNEL_NETWORK`, then `FLANNEL_IPV6_NETWORK`: what all nodes' subnets lie in; at least one, each once.
    package let networks: [CIDR]
    /// `FLANNEL_SUBNET`, then `FLANNEL_IPV6_SUBNET`: this node's; at least one.
    ///
    /// The daemon writes the gateway's address with the prefix length, of which the network is kept.
    package let subnets: [CIDR]
    /// `FLANNEL_MTU`: bytes that a packet between containers may have.
    package let mtu: UInt32
    /// `FLANNEL_IPMASQ`: whether the daemon masquerades what leaves `networks`.
    package let daemonMasquerades: Bool

    /// Where the daemon writes it.
    package static let defaultPath = "/run/flannel/subnet.env"

    /// Far more than the daemon ever writes.
    private static let sizeLimit = 1 << 20

    /// - Throws: when the file cannot be read, has a value that is none, or misses a key.
    package init(path: String) throws(SubnetFileError) {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(path, limit: Self.sizeLimit)
        } catch {
            throw SubnetFileError(.unreadable(error), path: path)
        }
        try self.init(parsing: bytes, path: path)
    }

    /// Parses the contents of the file.
    init(parsing bytes: [UInt8], path: String) throws(SubnetFileError) {
        var values = Values()
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
            do throws(Malformation) {
                try values.take(text)
            } catch {
                throw SubnetFileError(.malformed(line: index + 1, key: error.key, error.cause), path: path)
            }
        }
        guard let mtu = values.mtu, let daemonMasquerades = values.daemonMasquerades, values.missing.isEmpty else {
            throw SubnetFileError(.incomplete(missing: values.missing), path: path)
        }
        networks = values.networks + values.networks6
        subnets = [values.subnet, values.subnet6].compactMap(\.self)
        self.mtu = mtu
        self.daemonMasquerades = daemonMasquerades
    }
}

/// A line whose value is none.
private struct Malformation: Error {
    var key: String
    var cause: String
}

/// The values that have been read so far.
private struct Values {
    var networks: [CIDR] = []
    var networks6: [CIDR] = []
    var subnet: CIDR?
    var subnet6: CIDR?
    var mtu: UInt32?
    var daemonMasquerades: Bool?

    /// The keys without a value, in the reference's order, where either family's will do.
    var missing: [String] {
        var missing: [String] = []
        if networks.isEmpty && networks6.isEmpty { missing += ["FLANNEL_NETWORK", "FLANNEL_IPV6_NETWORK"] }
        if subnet == nil && subnet6 == nil { missing += ["FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET"] }
        if mtu == nil { missing.append("FLANNEL_MTU") }
        if daemonMasquerades == nil { missing.append("FLANNEL_IPMASQ") }
        return missing
    }

    mutating func take(_ line: String) throws(Malformation) {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let key = parts.first else { return }
        func value() throws(Malformation) -> String {
            guard parts.count == 2 else { throw Malformation(key: key, cause: "expected = and a value") }
            return parts[1]
        }
        switch key {
        case "FLANNEL_NETWORK": networks = try Self.networks(value(), key)
        case "FLANNEL_IPV6_NETWORK": networks6 = try Self.networks(value(), key)
        case "FLANNEL_SUBNET": subnet = try Self.network(value(), key)
        case "FLANNEL_IPV6_SUBNET": subnet6 = try Self.network(value(), key)
        case "FLANNEL_MTU": mtu = try Self.number(value(), key)
        case "FLANNEL_IPMASQ": daemonMasquerades = try value() == "true"
        default: break
        }
    }

    private static func networks(_ text: String, _ key: String) throws(Malformation) -> [CIDR] {
        var networks: [CIDR] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let network = try network(String(part), key)
            if !networks.contains(network) { networks.append(network) }
        }
        return networks
    }

    private static func network(_ text: String, _ key: String) throws(Malformation) -> CIDR {
        // The reference's words, which users look for.
        guard let network = CIDR(text) else { throw Malformation(key: key, cause: "invalid CIDR address: \(text)") }
        return network
    }

    private static func number(_ text: String, _ key: String) throws(Malformation) -> UInt32 {
        guard let number = UInt32(text), !text.hasPrefix("+") else {
            throw Malformation(key: key, cause: "expected a number of bytes such as 1450, got \"\(text)\"")
        }
        return number
    }
}
