import DBus
import Foundation
import LinuxSystem
import Synchronization
import TestSupport

/// What answers as firewalld, and keeps the sources of two zones.
final class FakeFirewalld: Sendable {
    let bus: MessageBus
    private let zones = Mutex(["trusted": Set<String>(), "public": []])

    init(on host: TestHost) throws {
        bus = try MessageBus(on: host)
        var connection = try DBusConnection.connected(toSocketAt: bus.socket)
        let asked = DBusMessage.toBus("RequestName", .string("org.fedoraproject.FirewallD1"), .number(0))
        guard try connection.call(asked) == .values([.number(1)]) else {
            throw SystemError("own", "org.fedoraproject.FirewallD1", .exists)
        }
        let service = Service(connection)
        Thread.detachNewThread { [weak self] in
            // Ends with the bus.
            try? service.serve { message in self?.answer(to: message) }
        }
    }

    /// The sources of a zone.
    func sources(_ zone: String = "trusted") -> [String] {
        zones.withLock { $0[zone, default: []].sorted() }
    }

    func set(_ sources: Set<String>, in zone: String = "trusted") {
        zones.withLock { $0[zone] = sources }
    }

    /// A connection that one thread uses.
    private final class Service: @unchecked Sendable {
        private var bus: DBusConnection

        init(_ bus: consuming DBusConnection) {
            self.bus = bus
        }

        func serve(_ answer: (DBusMessage) -> DBusMessage?) throws {
            while true {
                let message = try bus.next(until: MonotonicClock.milliseconds + 600_000)
                if message.kind == .methodCall, let answer = answer(message) { try bus.send(answer) }
            }
        }
    }

    private func answer(to call: DBusMessage) -> DBusMessage {
        var answer = DBusMessage(.methodReturn)
        answer.replySerial = call.serial
        answer.destination = call.sender
        func refuse(_ message: String) {
            answer.kind = .error
            answer.errorName = "org.fedoraproject.FirewallD1.Exception"
            answer.body = [.string(message)]
        }
        guard call.interface == "org.fedoraproject.FirewallD1.zone", call.path == "/org/fedoraproject/FirewallD1",
            let zone = call.body.first?.string, call.body.count == 2, let source = call.body.last?.string
        else {
            refuse("no such method")
            return answer
        }
        zones.withLock { zones in
            guard let present = zones[zone] else { return refuse("INVALID_ZONE: \(zone)") }
            let owner = zones.first { $0.value.contains(source) }?.key
            answer.body = [.string(zone)]
            switch call.member {
            case "addSource" where owner == zone: refuse("ZONE_ALREADY_SET: '\(source)' already bound to '\(zone)'")
            case "addSource" where owner != nil: refuse("ZONE_CONFLICT: '\(source)' already bound to a zone")
            case "addSource": zones[zone]?.insert(source)
            case "removeSource" where owner == nil: refuse("UNKNOWN_SOURCE: '\(source)' is not in any zone")
            case "removeSource" where owner != zone: refuse("ZONE_CONFLICT: removeSource(\(zone), \(source))")
            case "removeSource": zones[zone]?.remove(source)
            case "querySource": answer.body = [.boolean(present.contains(source))]
            default: refuse("no such method")
            }
        }
        return answer
    }
}
