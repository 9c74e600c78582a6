package import Addressing
package import LinuxSystem

extension SubnetFile {
    package init(networks: [CIDR], subnets: [CIDR], mtu: UInt32, daemonMasquerades: Bool) {
        self.networks = networks
        self.subnets = subnets
        self.mtu = mtu
        self.daemonMasquerades = daemonMasquerades
    }

    /// The file, byte for byte as the reference writes it: each subnet by its gateway, the first address behind its own.
    package var text: String {
        var lines: [String] = []
        for (family, name) in [(AddressFamily.v4, "FLANNEL"), (.v6, "FLANNEL_IPV6")] {
            guard let subnet = subnets.first(where: { $0.family == family }) else { continue }
            let networks = networks.filter { $0.family == family }.map { "\($0)" }
            lines.append("\(name)_NETWORK=\(networks.joined(separator: ","))")
            lines.append("\(name)_SUBNET=\(subnet.first.next ?? subnet.first)/\(subnet.prefixLength)")
        }
        lines += ["FLANNEL_MTU=\(mtu)", "FLANNEL_IPMASQ=\(daemonMasquerades)"]
        return lines.map { $0 + "\n" }.joined()
    }

    /// Puts the file in place whole, with its folder; readers see the old one or the new one, also after a power loss.
    ///
    /// - Throws: what the kernel refused; the old file is untouched then.
    package func write(to path: String) throws(SystemError) {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try File.makeDirectory(String(path[..<slash]), mode: 0o755)
        }
        try File.replace(path, with: Array(text.utf8), mode: 0o644, isDurable: true)
    }
}
