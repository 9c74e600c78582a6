import Attachments
import JSON
import Leases
import LinuxSystem

/// A lease as it is shown.
struct LeaseRow {
    private let address: String
    private let containerID: String
    private let interfaceName: String?
    /// Seconds.
    private let age: Int
    private let isAlive: Bool?

    /// The rows of one directory, in the order of their addresses; none where there is no directory.
    ///
    /// - Throws: the error of the first file that cannot be read; `ETIMEDOUT` when somebody keeps the lock.
    static func all(network: String, root: String) throws(SystemError) -> [LeaseRow] {
        guard try LeaseStore.exists(network: network, root: root) else { return [] }
        var store = try LeaseStore(network: network, root: root, lockTimeout: LeaseStore.patience)
        let now = FileTime.now.seconds
        var rows: [LeaseRow] = []
        for lease in try store.allLeases() {
            rows.append(
                LeaseRow(
                    address: "\(lease.address)", containerID: lease.owner.containerID,
                    interfaceName: lease.owner.interfaceName,
                    age: max(0, now - (try store.modificationTime(of: lease.address).seconds)),
                    isAlive: store.isAlive(lease)))
        }
        return rows
    }

    static func table(_ rows: [LeaseRow]) -> String {
        TextTable(heading: ["ADDRESS", "CONTAINER", "INTERFACE", "AGE", "ALIVE"], rows: rows.map(\.columns)).text
    }

    /// An array of objects; what is not known is null.
    static func json(_ rows: [LeaseRow]) -> String {
        let objects = rows.map { row -> JSONValue in
            [
                "address": .string(row.address), "containerID": .string(row.containerID),
                "ifname": row.interfaceName.map { .string($0) } ?? .null, "ageSeconds": .number(JSONNumber(row.age)),
                "alive": row.isAlive.map { .bool($0) } ?? .null,
            ]
        }
        return String(decoding: JSONValue.array(objects).serialized(pretty: true), as: UTF8.self)
    }

    private var columns: [String] {
        let alive = isAlive.map { $0 ? "yes" : "no" } ?? "unknown"
        return [address, containerID, interfaceName ?? "-", ageText, alive]
    }

    /// The two largest units: `3d4h`, `5m10s`.
    private var ageText: String {
        let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")]
        guard let first = units.firstIndex(where: { age >= $0.0 }) else { return "0s" }
        var rest = age
        return units[first...].prefix(2).map { size, name in
            defer { rest %= size }
            return "\(rest / size)\(name)"
        }
        .joined()
    }
}
