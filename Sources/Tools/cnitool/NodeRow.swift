import JSON
import NodeTable
import Overlay
import Probing

/// A node of an overlay as it is shown.
struct NodeRow {
    let name: String?
    let publicIP: String
    /// Subnets, or ranges of a segment.
    let shares: [String]
    /// Of its device.
    let mac: String
    /// Whether it is this host.
    let isOwn: Bool
    /// Whether what leads to it is there.
    let state: State
    /// What became of probes; nil when nobody asked for them.
    let echoes: [Echo]?

    /// Nil for what a node does not need.
    struct State {
        var route: OverlayInspection.State?
        var neighbor: OverlayInspection.State?
        var forwarding: OverlayInspection.State?
    }

    static func table(_ rows: [NodeRow]) -> String {
        let heading = ["NAME", "PUBLIC IP", "SUBNET", "VTEP MAC", "ROUTE", "NEIGHBOR", "FDB"]
        let hasProbes = rows.contains { $0.echoes != nil }
        return TextTable(heading: heading + (hasProbes ? ["PROBE"] : []), rows: rows.map(\.columns)).text
    }

    /// An array of objects; what a node does not need is null.
    static func json(_ rows: [NodeRow]) -> String {
        String(decoding: JSONValue.array(rows.map(\.json)).serialized(pretty: true), as: UTF8.self)
    }

    /// A line for each probe without an answer.
    var silence: [String] {
        (echoes ?? []).compactMap { echo in
            let text = "peer \(publicIP): no answer from \(echo.address)"
            return switch echo.outcome {
            case .answered: nil
            case .unanswered: text
            case .notSent(let error): "\(text): \(error)"
            }
        }
    }

    private var columns: [String] {
        let states = [state.route, state.neighbor, state.forwarding].map { isOwn ? "own" : $0?.rawValue ?? "-" }
        let probes = echoes.map { [$0.isEmpty ? "-" : $0.map(\.outcome.text).joined(separator: ", ")] } ?? []
        let sharesText = shares.isEmpty ? "-" : shares.joined(separator: ", ")
        return [name ?? "-", publicIP, sharesText, mac] + states + probes
    }

    private var json: JSONValue {
        var object: JSONObject = [
            "name": name.map { .string($0) } ?? .null, "publicIP": .string(publicIP),
            "subnets": .array(shares.map { .string($0) }), "vtepMAC": mac == "-" ? .null : .string(mac),
            "own": .bool(isOwn), "route": Self.json(state.route), "neighbor": Self.json(state.neighbor),
            "fdb": Self.json(state.forwarding),
        ]
        if let echoes { object["probes"] = .array(echoes.map(Self.json)) }
        return .object(object)
    }

    private static func json(_ state: OverlayInspection.State?) -> JSONValue {
        state.map { .string($0.rawValue) } ?? .null
    }

    private static func json(_ echo: Echo) -> JSONValue {
        var time = JSONValue.null
        if case .answered(let microseconds) = echo.outcome { time = .number(JSONNumber(microseconds)) }
        return ["address": .string("\(echo.address)"), "roundTripMicroseconds": time]
    }
}

extension Echo.Outcome {
    /// As in `0.214 ms`.
    fileprivate var text: String {
        guard case .answered(let microseconds) = self else { return "no answer" }
        let rest = "\(microseconds % 1000)"
        return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest) ms"
    }
}

extension NodeRow {
    /// A node of the table; its state is nil for this host's own.
    init(_ node: Node, _ state: OverlayInspection.PeerState?, _ echoes: [Echo]?) {
        self.init(
            name: node.name, publicIP: "\(node.publicIP)", shares: node.shares.map { "\($0)" }, mac: "\(node.mac)",
            isOwn: state == nil,
            state: State(route: state?.route, neighbor: state?.neighbor, forwarding: state?.forwarding), echoes: echoes)
    }
}
