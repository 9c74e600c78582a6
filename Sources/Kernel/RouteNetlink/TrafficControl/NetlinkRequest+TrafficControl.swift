import CLinux
package import Netlink

extension NetlinkRequest {
    /// `tc qdisc add dev INDEX parent PARENT handle HANDLE KIND …`; `EEXIST` where there is another than the kernel's own.
    ///
    /// The name is what errors call the device.
    package static func add(_ qdisc: Qdisc, _ name: String) -> NetlinkRequest {
        let header = TrafficHeader(qdisc.device, handle: qdisc.handle, parent: qdisc.parent)
        var message = NetlinkMessage(type: UInt16(RTM_NEWQDISC), flags: [.create, .exclusive], header: header)
        message.append(AttributeType(TCA_KIND), string: qdisc.kind.name)
        qdisc.kind.encode(into: &message)
        return NetlinkRequest(message, "add qdisc", "\(qdisc.kind.name) to \(name)")
    }

    /// `tc qdisc del dev INDEX parent PARENT handle HANDLE`, with all that is in it.
    static func delete(qdisc handle: TrafficHandle, at parent: TrafficHandle, of link: Link) -> NetlinkRequest {
        let header = TrafficHeader(link.index, handle: handle, parent: parent)
        let message = NetlinkMessage(type: UInt16(RTM_DELQDISC), flags: [], header: header)
        return NetlinkRequest(message, "delete qdisc", "\(handle) of \(link.name)")
    }

    /// `tc class add dev INDEX parent HANDLE classid HANDLE htb …`.
    package static func add(_ class: TrafficClass, _ name: String) -> NetlinkRequest {
        NetlinkRequest(`class`.message, "add traffic class", "\(`class`.handle) to \(name)")
    }

    /// `tc filter add dev INDEX parent HANDLE prio PRIORITY protocol PROTOCOL u32 …`.
    package static func add(_ filter: TrafficFilter, _ name: String) -> NetlinkRequest {
        NetlinkRequest(filter.message, "add traffic filter", "to \(name)")
    }
}
