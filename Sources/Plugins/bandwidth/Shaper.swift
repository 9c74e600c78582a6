import Addressing
import LinuxSystem
import Netlink
import PluginKit
import RouteNetlink

/// The limit of what leaves a device.
///
/// Without networks it is one token bucket. With networks there are two classes, `1:30` with the limit and `1:1` without,
/// as the reference has them, and filters that give packets to one by the address of whom the container talks to; what
/// they do not know has the other.
struct Shaper {
    private let limit: TokenBucket
    private let subnets: ShapedSubnets
    /// Where in a packet the address of whom the container talks to is.
    private let side: TrafficFilter.Selection.Side

    init(_ limit: TokenBucket, _ subnets: ShapedSubnets, _ side: TrafficFilter.Selection.Side) {
        self.limit = limit
        self.subnets = subnets
        self.side = side
    }

    static let handle = TrafficHandle(1)
    private static let shaped = TrafficHandle(1, 0x30)
    private static let unshaped = TrafficHandle(1, 1)
    /// More than any device does: 800 Gbit/s, and a burst of 1 MB.
    private static let unlimited = TokenBucket(rate: 100_000_000_000, burst: 1_000_000)
    /// How long a packet may wait for its turn; what would wait longer is dropped.
    private static let latency: UInt64 = 25

    /// What sets the limit, the qdisc that has all the rest in it first.
    func requests(for link: Link) -> [NetlinkRequest] {
        let (index, name) = (link.index, link.name)
        let bytes = limit.limit(milliseconds: Self.latency)
        guard let byDefault = classByDefault else {
            return [.add(Qdisc(.tokenBucket(limit, limit: bytes), on: index, handle: Self.handle), name)]
        }
        return [
            .add(Qdisc(.classes(byDefault: byDefault), on: index, handle: Self.handle), name),
            .add(TrafficClass(Self.shaped, on: index, limit), name),
            .add(TrafficClass(Self.unshaped, on: index, Self.unlimited), name),
            .add(Qdisc(.bytes(limit: bytes), on: index, handle: TrafficHandle(0x30), parent: Self.shaped), name),
        ]
            + networks.map { network in
                let filter = TrafficFilter(
                    .init(side, in: network), on: index, parent: Self.handle,
                    priority: network.family == .v4 ? 16 : 15, to: flow)
                return .add(filter, name)
            }
    }

    private var networks: [CIDR] {
        switch subnets {
        case .all: []
        case .only(let networks), .allBut(let networks): networks
        }
    }

    /// The class of what filters pick.
    private var flow: TrafficHandle {
        if case .only = subnets { Self.shaped } else { Self.unshaped }
    }

    /// The minor number of the class of what no filter picks; nil where there are none.
    private var classByDefault: UInt16? {
        switch subnets {
        case .all: nil
        case .only: 1
        case .allBut: 0x30
        }
    }

    /// Compares with what a device has, in the form of this suite, of the reference's before 1.6 and of today's.
    func inspect(
        _ link: Link, on host: inout RouteSocket, _ differences: inout Differences
    ) throws(SystemError) {
        switch try host.qdisc(at: .root, of: link.index)?.kind {
        case .tokenBucket(let told, let bytes) where subnets == .all:
            compare(told, on: link, &differences)
            if bytes != limit.limit(milliseconds: Self.latency) {
                differences.note("Limit doesn't match on \(link.name)")
            }
        case .classes(let byDefault):
            if byDefault != classByDefault ?? 0x30 {
                differences.note("Default class doesn't match on \(link.name)")
            }
            let classes = try host.classes(of: link.index)
            if let present = classes.first(where: { $0.handle == Self.shaped }) {
                compare(present.bucket, on: link, &differences)
            } else {
                differences.note("Class \(Self.shaped) of \(link.name) is missing")
            }
            let filters = try host.filters(of: link.index, at: Self.handle)
            for network in networks where !filters.contains(where: { $0.gives(network, to: flow) }) {
                differences.note("Filter for \(network) on \(link.name) is missing")
            }
        case nil: differences.note("Failed to find qdisc of \(link.name)")
        default: differences.note("Qdisc of \(link.name) is another one")
        }
    }

    private func compare(_ told: TokenBucket.Told, on link: Link, _ differences: inout Differences) {
        if told.rate != limit.rate {
            differences.note(
                "Rate doesn't match on \(link.name): configured \(limit.rate) bytes a second, "
                    + "current value \(told.rate)")
        } else if !limit.isTold(by: told) {
            differences.note("Buffer doesn't match on \(link.name)")
        }
    }
}

extension PresentFilter {
    /// Whether it gives a network's packets to a class; the reference looks at their destination in both directions.
    fileprivate func gives(_ network: CIDR, to class: TrafficHandle) -> Bool {
        flow == `class`
            && [.init(.source, in: network), .init(.destination, in: network)].contains(selection)
    }
}

extension Link {
    /// What leads all that arrives at this device to another one.
    func redirection(to other: Link) -> [NetlinkRequest] {
        let filter = TrafficFilter(
            .all, on: index, parent: Self.ingressHandle, priority: 1, to: TrafficHandle(1, 1),
            redirectedTo: other.index)
        return [
            .add(Qdisc(.ingress, on: index, handle: Self.ingressHandle, parent: .ingress), name), .add(filter, name),
        ]
    }

    static let ingressHandle = TrafficHandle(0xffff)

    var isIFB: Bool { kind.name == IFBOptions.kind }
}
