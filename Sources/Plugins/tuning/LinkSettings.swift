import Addressing
import CNI
import JSON
import Netlink
import PluginKit
import RouteNetlink

/// What this plugin can change of an interface, as far as it is asked for, or as far as it was changed.
struct LinkSettings: Hashable, Sendable {
    var mac: MACAddress?
    var isPromiscuous: Bool?
    /// Bytes of payload in a frame.
    var mtu: UInt32?
    var isAllMulticast: Bool?
    /// Frames.
    var transmitQueueLength: UInt32?

    var isEmpty: Bool { self == LinkSettings() }

    /// These, and those of others where there are none.
    func over(_ others: LinkSettings) -> LinkSettings {
        LinkSettings(
            mac: mac ?? others.mac, isPromiscuous: isPromiscuous ?? others.isPromiscuous, mtu: mtu ?? others.mtu,
            isAllMulticast: isAllMulticast ?? others.isAllMulticast,
            transmitQueueLength: transmitQueueLength ?? others.transmitQueueLength)
    }

    /// How a link is, in what these ask for.
    func current(of link: Link) -> LinkSettings {
        LinkSettings(
            mac: mac == nil ? nil : link.mac, isPromiscuous: isPromiscuous.map { _ in link.isPromiscuous },
            mtu: mtu.map { _ in link.mtu }, isAllMulticast: isAllMulticast.map { _ in link.isAllMulticast },
            transmitQueueLength: transmitQueueLength.map { _ in link.transmitQueueLength })
    }

    /// These where they differ from others.
    func unlike(_ others: LinkSettings) -> LinkSettings {
        LinkSettings(
            mac: mac == others.mac ? nil : mac,
            isPromiscuous: isPromiscuous == others.isPromiscuous ? nil : isPromiscuous,
            mtu: mtu == others.mtu ? nil : mtu,
            isAllMulticast: isAllMulticast == others.isAllMulticast ? nil : isAllMulticast,
            transmitQueueLength: transmitQueueLength == others.transmitQueueLength ? nil : transmitQueueLength)
    }

    /// The requests that give a link these, one for each, so that an error says which the kernel refused.
    func requests(for link: Link) -> [NetlinkRequest] {
        func request(_ what: String, _ change: (inout LinkChange) -> Void) -> NetlinkRequest {
            var settings = LinkChange()
            change(&settings)
            let request = NetlinkRequest.change(link.index, link.name, to: settings)
            return NetlinkRequest(request.message, "set \(what) of", link.name)
        }
        return [
            mac.map { mac in request("MAC address \(mac)") { $0.mac = mac } },
            isPromiscuous.map { isOn in request("promiscuous mode") { $0.isPromiscuous = isOn } },
            mtu.map { mtu in request("MTU \(mtu)") { $0.mtu = mtu } },
            isAllMulticast.map { isOn in request("all-multicast mode") { $0.isAllMulticast = isOn } },
            transmitQueueLength.map { length in
                request("transmit queue length \(length)") { $0.transmitQueueLength = length }
            },
        ].compactMap(\.self)
    }

    /// Has a result tell of an interface as it is now.
    func tell(_ result: inout CNIResult, of interface: String) {
        for index in result.interfaces.indices {
            guard result.interfaces[index].name == interface, !result.interfaces[index].isOnHost else { continue }
            if let mac { result.interfaces[index].mac = "\(mac)" }
            if let mtu, result.interfaces[index].mtu != nil { result.interfaces[index].mtu = mtu }
        }
    }
}

/// The members have the same names in a configuration and in a record.
extension LinkSettings: JSONReadable {
    init(reading reader: JSONReader) throws(JSONError) {
        mac = try reader.optionalMAC("mac")
        isPromiscuous = try reader.optional("promisc")
        mtu = try reader.optional("mtu")
        isAllMulticast = try reader.optional("allmulti")
        transmitQueueLength = try reader.optional("txQLen")
    }

    var encoded: JSONObject {
        var object = JSONObject()
        object["mac"] = mac.map { .string("\($0)") }
        object["promisc"] = isPromiscuous.map { .bool($0) }
        object["mtu"] = mtu.map { .number(JSONNumber($0)) }
        object["allmulti"] = isAllMulticast.map { .bool($0) }
        object["txQLen"] = transmitQueueLength.map { .number(JSONNumber($0)) }
        return object
    }
}
