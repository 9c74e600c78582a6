package import Addressing
import CLinux
package import LinuxSystem
import Netlink

/// Looks up and deletes the connections that the kernel tracks in the namespace that it was opened in.
package struct ConntrackSocket: ~Copyable {
    private var netlink: NetlinkSocket

    /// Opens a socket in the calling thread's namespace.
    package init() throws(SystemError) {
        netlink = try NetlinkSocket(.netfilter)
    }

    /// Opens a socket in another namespace.
    package init(in namespace: borrowing NetworkNamespace) throws(SystemError) {
        netlink = try NetlinkSocket(.netfilter, in: namespace)
    }

    /// The connections of a family and protocol that were begun to one of some ports, by one dump.
    ///
    /// - Throws: what the kernel answered, which is `EINVAL` from one that cannot tell of connections.
    package mutating func connections(
        _ family: AddressFamily, _ transport: TransportProtocol, toPorts ports: Set<UInt16>
    ) throws(SystemError) -> [TrackedConnection] {
        guard !ports.isEmpty else { return [] }
        var message = NetlinkMessage(IPCTNL_MSG_CT_GET, .dump, family)
        // The kernel picks them out, since Linux 5.8; before, it passes over this and lists all.
        let port = ports.count == 1 ? ports.first : nil
        message.nest(AttributeType(CTA_TUPLE_ORIG.rawValue)) { tuple in
            tuple.nest(.transport) { nested in
                nested.append(.number, transport.rawValue)
                if let port { nested.append(.destinationPort, port.bigEndian) }
            }
        }
        message.nest(AttributeType(CTA_FILTER.rawValue)) { filter in
            let flags = Filter.number | (port == nil ? 0 : Filter.destinationPort)
            filter.append(AttributeType(CTA_FILTER_ORIG_FLAGS.rawValue), flags)
            filter.append(AttributeType(CTA_FILTER_REPLY_FLAGS.rawValue), UInt32(0))
        }
        let request = NetlinkRequest(message, "list connections to", "\(transport) ports")
        return try netlink.query(request) { (_, reply) throws(SystemError) in
            guard reply.count >= NetfilterHeader.length,
                let connection = try TrackedConnection(reply.extracting(NetfilterHeader.length...)),
                connection.transport == transport, ports.contains(connection.original.destinationPort)
            else { return nil }
            return connection
        }
    }

    /// Which parts of a tuple have to agree: `CTA_FILTER_F_…` of the kernel's `nf_internals.h`, which it does not
    /// install.
    private enum Filter {
        static let number: UInt32 = 1 << 3
        static let destinationPort: UInt32 = 1 << 5
    }

    /// Has the kernel forget connections, so that their next packets are judged afresh; those that are gone are no error.
    package mutating func delete(_ connections: [TrackedConnection]) throws(SystemError) {
        let requests = connections.map { connection in
            var message = NetlinkMessage(IPCTNL_MSG_CT_DELETE, [], connection.original.source.family)
            message.nest(AttributeType(CTA_TUPLE_ORIG.rawValue)) { tuple in
                connection.original.encode(connection.transport, into: &tuple)
            }
            if connection.zone != 0 { message.append(AttributeType(CTA_ZONE.rawValue), connection.zone.bigEndian) }
            if let identifier = connection.identifier {
                message.append(AttributeType(CTA_ID.rawValue), identifier.bigEndian)
            }
            return NetlinkRequest(message, "delete connection", describing: connection)
        }
        do throws(SystemError) {
            try netlink.perform(requests)
        } catch  where error.code == .noSuchFile {}
    }
}

extension NetlinkMessage {
    /// A message of ctnetlink, `IPCTNL_MSG_…`.
    fileprivate init(_ type: cntl_msg_types, _ flags: NetlinkFlags, _ family: AddressFamily) {
        let header = NetfilterHeader(family: UInt8(family == .v4 ? NFPROTO_IPV4 : NFPROTO_IPV6))
        self.init(
            type: UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(truncatingIfNeeded: type.rawValue), flags: flags,
            header: header)
    }
}

extension TrackedConnection.Tuple {
    /// Appends `enum ctattr_tuple`.
    fileprivate func encode(_ transport: TransportProtocol, into message: inout NetlinkMessage) {
        message.nest(.addresses) { nested in
            nested.append(.source(source.family), bytes: source.bytes)
            nested.append(.destination(destination.family), bytes: destination.bytes)
        }
        message.nest(.transport) { nested in
            nested.append(.number, transport.rawValue)
            nested.append(.sourcePort, sourcePort.bigEndian)
            nested.append(.destinationPort, destinationPort.bigEndian)
        }
    }
}
