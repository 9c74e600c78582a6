import Addressing
import Attachments
import CNI
import DHCP
import GoRPC
import LinuxSystem

/// One attachment's lease, from the first question to its end.
final class Tenancy {
    let attachment: Attachment
    let interface: LeasedInterface
    /// The metric of every route; 0 leaves it to the kernel.
    let priority: UInt32
    /// Whether the interface has the MTU that a server says; not where the configuration has one.
    let takesMTU: Bool
    var client: DHCPClient
    /// Open while answers may come.
    var port: DHCPPort?
    /// Who asked for it and has not been answered.
    var waiting: [Caller] = []
    /// Why there is no lease any more.
    var ending: DHCPClient.Ending?
    /// What kept the last question from being sent.
    var sendFailure: SystemError?

    /// A call that is being served.
    struct Caller: Hashable {
        let connection: UInt64
        let request: RPCRequest
    }

    init(
        of attachment: Attachment, on interface: LeasedInterface, _ client: DHCPClient, priority: UInt32,
        takesMTU: Bool
    ) {
        self.attachment = attachment
        self.interface = interface
        self.client = client
        self.priority = priority
        self.takesMTU = takesMTU
    }

    convenience init(_ file: LeaseFile, _ patience: DHCPClient.Patience) {
        let client = DHCPClient(file.identity, patience, holding: file.lease)
        self.init(of: file.attachment, on: file.interface, client, priority: file.priority, takesMTU: false)
    }

    /// What is kept of it while there is a lease.
    var file: LeaseFile? {
        client.lease.map { lease in
            LeaseFile(
                attachment: attachment, interface: interface, identity: client.identity, priority: priority,
                lease: lease)
        }
    }
}

extension CNIResult {
    /// What a lease means for the interface.
    init(_ lease: DHCPLease, priority: UInt32) {
        let addresses = [Address(lease.address, gateway: lease.router.map(IPAddress.v4))]
        let routes = lease.routes.map { route in
            // A router of all zeros says that the destination is on the link, in the result as in the lease.
            var result = Route(to: route.destination, via: .v4(route.router))
            if route.router == .unspecified { result.scope = Self.linkScope }
            if priority != 0 { result.priority = priority }
            return result
        }
        self.init(addresses: addresses, routes: routes)
        dns.nameservers = lease.nameServers.map { "\($0)" }
        dns.domain = lease.domain
        dns.search = lease.searchDomains
    }

    /// `RT_SCOPE_LINK` of rtnetlink(7).
    private static let linkScope: UInt8 = 253
}

extension DHCPClient.Ending {
    /// Why an interface has no lease.
    func text(_ interface: String, after failure: SystemError?) -> String {
        switch self {
        case .unanswered(let seconds):
            "lease an address for \(interface): no DHCP server offered one in \(seconds) s"
                + (failure.map { " (\($0))" } ?? "; see that one serves the network, and has addresses left")
        case .refused(let words): "lease an address for \(interface): \(words)"
        case .unusable(let defect): "lease an address for \(interface): the server gave \(defect)"
        case .expired: "the lease of \(interface) has expired: no DHCP server extended it in time"
        }
    }
}
