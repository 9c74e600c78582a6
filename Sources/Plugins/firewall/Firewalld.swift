import Addressing
import CNI
import DBus
import LinuxSystem

/// firewalld, where it runs: containers' addresses become sources of one of its zones, firewalld.dbus(5).
struct Firewalld: ~Copyable {
    private var bus: DBusConnection

    private static let name = "org.fedoraproject.FirewallD1"

    /// - Returns: nil where it does not run.
    /// - Throws: what keeps the system bus from answering.
    static func ifRunning() throws(SystemError) -> Firewalld? {
        guard var bus = try DBusConnection.systemBus(), try bus.hasOwner(name) else { return nil }
        return Firewalld(bus)
    }

    private init(_ bus: consuming DBusConnection) {
        self.bus = bus
    }

    /// Adds an address to a zone.
    ///
    /// - Returns: false when it is there already.
    /// - Throws: code 7 for a zone that there is not; what firewalld refuses otherwise, as of an address in another zone.
    mutating func add(_ address: IPAddress, to zone: String) throws -> Bool {
        switch try call("addSource", zone, address) {
        case .values: return true
        case .refused(_, let message) where message.contains("ZONE_ALREADY_SET"): return false
        case .refused(_, let message): throw Self.refusal(message)
        }
    }

    /// Takes an address out of a zone; one that is not there, or in another, is no error.
    mutating func remove(_ address: IPAddress, from zone: String) throws {
        let gone = ["UNKNOWN_SOURCE", "NOT_ENABLED", "ZONE_CONFLICT", "INVALID_ZONE"]
        if case .refused(_, let message) = try call("removeSource", zone, address),
            !gone.contains(where: message.contains)
        {
            throw Self.refusal(message)
        }
    }

    /// - Throws: code 7 for a zone that there is not.
    mutating func contains(_ address: IPAddress, in zone: String) throws -> Bool {
        switch try call("querySource", zone, address) {
        case .values(let values): return values == [.boolean(true)]
        case .refused(_, let message): throw Self.refusal(message)
        }
    }

    private mutating func call(
        _ method: String, _ zone: String, _ address: IPAddress
    ) throws(SystemError) -> DBusConnection.Reply {
        var message = DBusMessage(.methodCall)
        message.destination = Self.name
        message.path = "/org/fedoraproject/FirewallD1"
        message.interface = "org.fedoraproject.FirewallD1.zone"
        message.member = method
        message.body = [.string(zone), .string("\(CIDR.host(address))")]
        return try bus.call(message)
    }

    private static func refusal(_ message: String) -> CNIError {
        CNIError(message.contains("INVALID_ZONE") ? .invalidConfiguration : .other, "firewalld: \(message)")
    }
}
