import Addressing
import Attachments
import CNI
import DHCP
import Hashing
import JSON
import LinuxSystem
import RouteNetlink

/// What is kept of a lease, so that a daemon that starts again goes on with it.
struct LeaseFile {
    let attachment: Attachment
    let interface: LeasedInterface
    let identity: DHCPIdentity
    let priority: UInt32
    let lease: DHCPLease

    /// The machine's run in which the numbers of namespaces and the times are those that they were.
    private static var boot: String {
        let bytes = (try? File.read("/proc/sys/kernel/random/boot_id", limit: 128)) ?? []
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The name in the directory: identifiers may be too long for one.
    static func name(of attachment: Attachment) -> String {
        let key = "\(attachment.network) \(attachment.containerID) \(attachment.interfaceName)"
        return SHA512.hexadecimal(key, digits: 32) + suffix
    }

    static let suffix = ".json"

    var bytes: [UInt8] {
        let object: JSONObject = [
            "network": .string(attachment.network), "containerID": .string(attachment.containerID),
            "interface": .string(interface.name), "namespace": .string(interface.namespacePath),
            "namespaceInode": .number(JSONNumber(interface.namespaceInode)),
            "index": .number(JSONNumber(interface.index.rawValue)), "mac": .string("\(interface.mac)"),
            "address": .string("\(lease.address)"), "boot": .string(Self.boot),
            "start": .number(JSONNumber(lease.start)), "priority": .number(JSONNumber(priority)),
            "requested": .array(identity.requested.map { .number(JSONNumber($0)) }),
            "provided": .object(
                JSONObject(
                    identity.provided.numbers.map { number in
                        .init(name: "\(number)", value: .string(Hexadecimal.text(identity.provided[number] ?? [])))
                    })),
            "broadcast": .bool(identity.wantsBroadcast), "serverMAC": .string("\(lease.serverHardwareAddress)"),
            "acknowledgement": .string(Hexadecimal.text(lease.acknowledgement.bytes)),
        ]
        return object.serialized(pretty: true) + [UInt8(ascii: "\n")]
    }
}

extension LeaseFile: JSONReadable {
    /// - Throws: for what no daemon has written, and for a lease from before the machine was started.
    init(reading reader: JSONReader) throws(JSONError) {
        guard try reader.required("boot", as: String.self) == Self.boot else {
            throw reader.fail("of an earlier run of the machine", at: "boot")
        }
        let name: String = try reader.required("interface")
        let mac: MACAddress = try reader.required("mac")
        attachment = Attachment(
            network: try reader.required("network"), containerID: try reader.required("containerID"),
            interfaceName: name)
        interface = LeasedInterface(
            namespacePath: try reader.required("namespace"), namespaceInode: try reader.required("namespaceInode"),
            index: InterfaceIndex(rawValue: try reader.required("index")), name: name, mac: mac)
        priority = try reader.required("priority")
        var provided = DHCPOptions()
        for (number, text) in try reader.required("provided", as: [String: String].self) {
            guard let number = UInt8(number), let bytes = Hexadecimal.bytes(text) else {
                throw reader.fail("expected hexadecimal digits", at: "provided")
            }
            provided[number] = bytes
        }
        identity = DHCPIdentity(
            hardwareAddress: mac, provided: provided, requested: try reader.required("requested"),
            wantsBroadcast: try reader.required("broadcast"))
        guard let bytes = Hexadecimal.bytes(try reader.required("acknowledgement")),
            let message = DHCPMessage(bytes)
        else { throw reader.fail("expected a DHCP message", at: "acknowledgement") }
        let server: MACAddress = try reader.required("serverMAC")
        let start: Int = try reader.required("start")
        do throws(DHCPLease.Incomplete) {
            lease = try DHCPLease(message, from: server, at: start)
        } catch {
            throw reader.fail(error.description, at: "acknowledgement")
        }
    }
}

/// Bytes as text, two digits each.
private enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(clamping: digits[$0] << 4 | digits[$0 + 1]) }
    }
}
