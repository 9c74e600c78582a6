public import Addressing

/// What ADD achieved, whatever version of the specification it is told in: CNI specification, section 5, "Success".
public struct CNIResult: Hashable, Sendable {
    public var interfaces: [Interface]
    /// `ips`.
    public var addresses: [Address]
    public var routes: [Route]
    public var dns: DNS

    public init(
        interfaces: [Interface] = [], addresses: [Address] = [], routes: [Route] = [], dns: DNS = DNS()
    ) {
        self.interfaces = interfaces
        self.addresses = addresses
        self.routes = routes
        self.dns = dns
    }

    public struct Interface: Hashable, Sendable {
        public var name: String
        /// As text, since other hardware than Ethernet has longer ones.
        public var mac: String?
        public var mtu: UInt32?
        /// The container's namespace as `CNI_NETNS` named it; nil on the host.
        public var sandbox: String?
        public var socketPath: String?
        public var pciID: String?

        public init(name: String, mac: String? = nil, sandbox: String? = nil) {
            self.name = name
            self.mac = mac
            self.sandbox = sandbox
        }
    }

    public struct Address: Hashable, Sendable {
        public var address: InterfaceAddress
        public var gateway: IPAddress?
        /// Which of `interfaces` has it.
        public var interface: Int?

        public init(_ address: InterfaceAddress, gateway: IPAddress? = nil, interface: Int? = nil) {
            self.address = address
            self.gateway = gateway
            self.interface = interface
        }
    }

    public struct Route: Hashable, Sendable {
        public var destination: CIDR
        /// Nil: the gateway of an address of the same family.
        public var gateway: IPAddress?
        /// Bytes.
        public var mtu: UInt32?
        /// Bytes.
        public var advertisedMSS: UInt32?
        /// The metric; smaller wins.
        public var priority: UInt32?
        public var table: UInt32?
        /// As in rtnetlink(7): 0 universe, 253 link.
        public var scope: UInt8?

        public init(to destination: CIDR, via gateway: IPAddress? = nil) {
            self.destination = destination
            self.gateway = gateway
        }
    }

    public struct DNS: Hashable, Sendable {
        public var nameservers: [String] = []
        public var domain: String?
        public var search: [String] = []
        public var options: [String] = []

        public init() {}

        public var isEmpty: Bool { self == DNS() }
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
