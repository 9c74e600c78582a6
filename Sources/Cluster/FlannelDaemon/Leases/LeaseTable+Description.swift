import Flannel

extension LeaseTable.Change: CustomStringConvertible {
    package var description: String {
        switch self {
        case .joined(let lease): "host \(lease.host) has \(lease.subnets)"
        case .changed(let lease): "host \(lease.host) has changed its lease of \(lease.subnets)"
        case .left(let lease): "host \(lease.host) has no lease of \(lease.subnets) any more"
        case .unreadable(let name, let cause): "lease \(name.prefix(100)) passed over: \(cause)"
        }
    }
}

extension LeaseTable.Lease {
    fileprivate var host: String {
        [attributes.publicIP, attributes.publicIPv6].compactMap { $0.map { "\($0)" } }.joined(separator: " and ")
    }
}
