import Addressing
import JSON
import NodeTable
import Overlay
import Probing

/// A node of an overlay as it is shown.
struct NodeRow {
    let node: Node
    /// Whether what leads to it is there; nil for this host's own.
    let state: OverlayInspection.PeerState?
    /// What became of probes; nil when nobody asked for them.
    let echoes: [Echo]?

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
            let text = "peer \(node.publicIP): no answer from \(echo.address)"
            return switch echo.outcome {
            case .answered: nil
            case .unanswered: text
            case .notSent(let error): "\(text): \(error)"
            }
        }
    }

    private var columns: [String] {
        let states = [state?.route, state?.neighbor, state?.forwarding].map { part in
            state == nil ? "own" : part?.rawValue ?? "-"
        }
        let probes = echoes.map { [$0.isEmpty ? "-" : $0.map(\.outcome.text).joined(separator: ", ")] } ?? []
        return [node.name ?? "-", "\(node.publicIP)", sharesText, "\(node.mac)"] + states + probes
    }

    private var sharesText: String {
        node.shares.isEmpty ? "-" : node.shares.map { "\($0)" }.joined(separator: ", ")
    }

    private var json: JSONValue {
        var object: JSONObject = [
            "name": node.name.map { .string($0) } ?? .null, "publicIP": .string("\(node.publicIP)"),
            "subnets": .array(node.shares.map { .string("\($0)") }), "vtepMAC": .string("\(node.mac)"),
            "own": .bool(state == nil), "route": Self.json(state?.route), "neighbor": Self.json(state?.neighbor),
            "fdb": Self.json(state?.forwarding),
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
