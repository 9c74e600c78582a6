package import Addressing
package import JSON

/// What ADD achieved, whatever version of the specification it is told in: CNI specification, section 5, "Success".
///
/// `unknown` is, at each level, what a previous result has that this suite does not know, and passes on.
package struct CNIResult: Hashable, Sendable {
    package var interfaces: [Interface]
    /// `ips`.
    package var addresses: [Address]
    package var routes: [Route]
    package var dns: DNS
    package internal(set) var unknown = JSONObject()

    package init(
        interfaces: [Interface] = [], addresses: [Address] = [], routes: [Route] = [], dns: DNS = DNS()
    ) {
        self.interfaces = interfaces
        self.addresses = addresses
        self.routes = routes
        self.dns = dns
    }

    /// The addresses of one interface; those that are no interface's count for every one.
    package func addresses(of interfaceName: String) -> [Address] {
        addresses.filter { entry in
            guard let index = entry.interface, interfaces.indices.contains(index) else { return true }
            return interfaces[index].name == interfaceName
        }
    }

    package struct Interface: Hashable, Sendable {
        package var name: String
        /// As text, since other hardware than Ethernet has longer ones.
        package var mac: String?
        package var mtu: UInt32?
        /// The container's namespace as `CNI_NETNS` named it; nil on the host.
        package var sandbox: String?
        package var socketPath: String?
        package var pciID: String?
        package internal(set) var unknown = JSONObject()

        package init(name: String, mac: String? = nil, sandbox: String? = nil) {
            self.name = name
            self.mac = mac
            self.sandbox = sandbox
        }
    }

    package struct Address: Hashable, Sendable {
        package var address: InterfaceAddress
        package var gateway: IPAddress?
        /// Which of `interfaces` has it.
        package var interface: Int?
        package internal(set) var unknown = JSONObject()

        package init(_ address: InterfaceAddress, gateway: IPAddress? = nil, interface: Int? = nil) {
            self.address = address
            self.gateway = gateway
            self.interface = interface
        }
    }

    package struct Route: Hashable, Sendable {
        package var destination: CIDR
        /// Nil: the gateway of an address of the same family.
        package var gateway: IPAddress?
        /// Bytes.
        package var mtu: UInt32?
        /// Bytes.
        package var advertisedMSS: UInt32?
        /// The metric; smaller wins.
        package var priority: UInt32?
        package var table: UInt32?
        /// As in rtnetlink(7): 0 universe, 253 link.
        package var scope: UInt8?
        package internal(set) var unknown = JSONObject()

        package init(to destination: CIDR, via gateway: IPAddress? = nil) {
            self.destination = destination
            self.gateway = gateway
        }
    }

    package struct DNS: Hashable, Sendable {
        package var nameservers: [String] = []
        package var domain: String?
        package var search: [String] = []
        package var options: [String] = []
        package internal(set) var unknown = JSONObject()

        package init() {}

        package var isEmpty: Bool { self == DNS() }
    }

    /// The three forms that the versions share.
    enum Shape: Sendable {
        /// 0.1.0 and 0.2.0: `ip4` and `ip6`.
        case onePerFamily
        /// 0.3.0 to 0.4.0: `ips` with a `version` each.
        case versionedAddresses
        /// 1.0.0 and later.
        case plainAddresses
    }
}
