package import Addressing
import CLinux
package import LinuxSystem
package import Netlink

/// An address with all that the kernel says of it, which another interface can have just so: its lifetime, its metric,
/// the other end of a link, and who gave it.
package struct MovableAddress: Sendable {
    package let assigned: AssignedAddress
    private let record: KernelRecord

    package var address: InterfaceAddress { assigned.address }

    /// Whether the interface has it by itself.
    package var isOfLink: Bool { address.address.family == .v6 && address.address.isLinkLocal }

    /// Reads the payload of `RTM_NEWADDR`.
    init?(reading payload: Span<UInt8>) throws(SystemError) {
        guard let assigned = try AssignedAddress(reading: payload) else { return nil }
        self.assigned = assigned
        record = try KernelRecord(payload, headerLength: AddressHeader.length)
    }

    /// Gives it to a link, or makes it there what it is here.
    ///
    /// It is not looked for elsewhere again, which was done where it is.
    package func added(to link: Link, from old: Link) -> NetlinkRequest {
        var copy = record
        copy.set(link.index.rawValue, at: 4)
        copy.set(UInt8(0), at: 2)
        var flags = (record.number(IFA_FLAGS) ?? 0) & Self.flagsToKeep
        if address.address.family == .v6 { flags |= UInt32(IFA_F_NODAD) }
        copy[IFA_FLAGS] = KernelRecord.bytes(flags)
        copy[IFA_LABEL] = label(on: link, from: old)
        return NetlinkRequest(
            copy.message(type: RTM_NEWADDR, flags: [.create, .replace]), "add address", "\(address) to \(link.name)")
    }

    /// Takes it from the link that has it.
    package func removed(from link: Link) -> NetlinkRequest {
        NetlinkRequest(
            record.message(type: RTM_DELADDR, flags: []), "delete address", "\(address) from \(link.name)")
    }

    private static let flagsToKeep = UInt32(
        IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR)

    /// `eth0:1` becomes `cni0:1`; nil for one that is too long.
    private func label(on link: Link, from old: Link) -> [UInt8]? {
        guard let value = record[IFA_LABEL] else { return nil }
        let label = String(decoding: value.prefix { $0 != 0 }, as: UTF8.self)
        guard label.hasPrefix(old.name) else { return nil }
        let name = link.name + label.dropFirst(old.name.count)
        return name.utf8.count < Int(IFNAMSIZ) ? Array(name.utf8) + [0] : nil
    }
}

extension RouteSocket {
    /// The addresses of an interface, to be given to another.
    package mutating func movableAddresses(of index: InterfaceIndex) throws(SystemError) -> [MovableAddress] {
        let message = NetlinkMessage(type: UInt16(RTM_GETADDR), flags: .dump, header: AddressHeader(index: index))
        return try query(NetlinkRequest(message, "list addresses")) { (_, payload) throws(SystemError) in
            // A kernel before 4.20 lists those of all interfaces.
            guard let address = try MovableAddress(reading: payload), address.assigned.index == index else {
                return nil
            }
            return address
        }
    }
}
