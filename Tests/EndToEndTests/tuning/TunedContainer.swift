import Foundation
import JSON
import TestSupport

/// A container with an interface that other plugins made, and calls of `tuning` for it.
struct TunedContainer: Sendable {
    /// Of the interface before anything is changed.
    static let mac = "02:00:00:00:00:05"

    let host: TestHost
    let container: TestContainer
    var version = "1.0.0"

    init() throws {
        host = try TestHost()
        container = try TestContainer()
        try container.shell(
            """
            ip link add eth0 address \(Self.mac) mtu 1500 txqueuelen 1000 type veth peer name other
            ip link add net1 type veth peer name more
            ip link set eth0 up
            """)
    }

    /// Where records are kept.
    var directory: String { "\(host.directory.path)/tuning" }

    var records: [String] { host.directory.names(in: "tuning") }

    func record(_ name: String = "cid1_eth0.json") throws -> JSONObject? {
        try host.directory.contents("tuning/\(name)").flatMap { try JSONValue(parsing: $0).object }
    }

    /// What the plugins before this one say.
    var previous: JSONValue {
        [
            "cniVersion": .string(version),
            "interfaces": [
                ["name": "br0"], ["name": "eth0"],
                ["name": "eth0", "mac": .string(Self.mac), "sandbox": .string(container.path)],
            ],
            "ips": [["address": "10.1.2.3/24", "gateway": "10.1.2.1", "interface": 2]],
            "routes": [["dst": "0.0.0.0/0", "priority": 5]], "dns": ["nameservers": ["10.1.2.1"]],
        ]
    }

    func call(_ members: JSONObject, by directory: String = Executables.own) -> PluginCall {
        var object: JSONObject = [
            "cniVersion": .string(version), "name": "net1", "type": "tuning", "dataDir": .string(self.directory),
            "prevResult": previous,
        ]
        for member in members.members { object[member.name] = member.value == .null ? nil : member.value }
        var call = PluginCall("tuning", .object(object), in: container)
        call.directory = directory
        return call
    }

    /// The MAC address, MTU, queue length and flags of the interface.
    func interface() throws -> String {
        let link = try container.link("eth0") ?? [:]
        let flags = link["flags"]?.array?.compactMap(\.string).filter { ["PROMISC", "ALLMULTI"].contains($0) } ?? []
        let numbers = [link["mtu"], link["txqlen"]].map { "\($0 ?? 0)" }
        return ([link["address"]?.string ?? ""] + numbers + flags.sorted()).joined(separator: " ")
    }

    static let untouched = "\(mac) 1500 1000"

    func parameter(_ path: String) throws -> String {
        try container.run("cat", "/proc/sys/net/\(path)").trimmingCharacters(in: .newlines)
    }
}
