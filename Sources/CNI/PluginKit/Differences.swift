import Addressing
package import CNI
package import RouteNetlink

/// What CHECK finds otherwise than ADD left it: one text for each difference, in the order in which they were found.
package struct Differences: Sendable {
    private var texts: [String] = []

    package init() {}

    package mutating func note(_ difference: String) {
        texts.append(difference)
    }

    /// Compares a link's MAC address with that of a result, where that tells one.
    ///
    /// - Parameters:
    ///   - link: as it is now.
    ///   - expected: as the result tells of it.
    ///   - what: how the text calls it.
    package mutating func compareMAC(of link: Link, _ expected: CNIResult.Interface, _ what: String) {
        guard let mac = expected.mac, !mac.isEmpty, link.mac != MACAddress(mac) else { return }
        note("\(what) Mac doesn't match: \(mac) in prevResult, \(link.mac.map { "\($0)" } ?? "none") now")
    }

    /// Compares a link's MTU with the configured one, where there is one.
    package mutating func compareMTU(of link: Link, _ configured: UInt32?) {
        guard let configured, link.mtu != configured else { return }
        note("Interface \(link.name) configured MTU \(configured) doesn't match current state: \(link.mtu)")
    }

    /// Ends a CHECK.
    ///
    /// - Throws: all differences as one error, code 999.
    package func finish() throws(CNIError) {
        guard texts.isEmpty else { throw CNIError(.other, texts.joined(separator: "; ")) }
    }
}
