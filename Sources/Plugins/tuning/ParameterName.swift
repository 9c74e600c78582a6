import CNI

/// A parameter of network namespaces, as a configuration names it.
///
/// In `net.ipv4.conf.IFNAME.arp_notify` dots separate, in `net/ipv4/conf/eth0.100/arp_notify` they belong to names. Two names
/// are equal that stand for the same parameter.
struct ParameterName: Hashable {
    /// As it is written.
    let text: String
    /// Below `/proc/sys`, with `IFNAME` for the interface.
    private let path: String

    /// - Throws: code 7 for one that is not of a network namespace.
    init(_ text: String) throws(CNIError) {
        // What the reference separates in both ways at once begins with `net.`.
        let separators = text.hasPrefix("net/") ? "/" : "./"
        let parts = text.split(omittingEmptySubsequences: false) { separators.contains($0) }
        guard parts.count > 1, parts.first == "net", !text.utf8.contains(0),
            parts.allSatisfy({ !["", ".", ".."].contains($0) })
        else {
            throw CNIError(
                .invalidConfiguration, "invalid net sysctl key: \"\(text)\"",
                details: "expected one such as net.ipv4.conf.IFNAME.arp_notify")
        }
        self.text = text
        path = parts.joined(separator: "/")
    }

    /// The path below `/proc/sys` for an interface, whose name stands for the first `IFNAME`.
    func path(for interface: String) -> String {
        guard let range = path.firstRange(of: "IFNAME") else { return path }
        return path.replacingSubrange(range, with: interface)
    }

    static func == (left: ParameterName, right: ParameterName) -> Bool { left.path == right.path }

    func hash(into hasher: inout Hasher) { hasher.combine(path) }
}

extension String {
    fileprivate func replacingSubrange(_ range: Range<Index>, with text: String) -> String {
        var result = self
        result.replaceSubrange(range, with: text)
        return result
    }
}
