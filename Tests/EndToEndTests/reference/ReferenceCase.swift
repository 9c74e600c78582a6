import JSON
import TestSupport
import Testing

/// A configuration and what is done with it, by the reference on one host and by this suite on another.
struct ReferenceCase: CustomTestStringConvertible, Sendable {
    var name: String
    var version = "1.0.0"
    var ranges: [JSONValue] = [[["subnet": "10.1.2.0/24"]]]
    var more: JSONObject = ["isDefaultGateway": true]
    var ipamMore: JSONObject = [:]
    var arguments: String?
    var steps: [ReferenceStep] = [.add, .check, .delete, .delete]
    var differences: [IntendedDifference] = []

    var testDescription: String { name }

    var masquerades: Bool { more["ipMasq"] == true }

    /// Whether this suite makes rules that only it knows.
    var usesOwnTables: Bool { masquerades && more["ipMasqBackend"] == nil || more["macspoofchk"] == true }
}

/// What this suite does on purpose in another way than the reference.
struct IntendedDifference: Sendable {
    /// Parts of the lines that differ, in the form that ``ReferenceSide`` gives them.
    let patterns: [String]
    let reason: String

    static func lines(with patterns: String..., because reason: String) -> Self {
        IntendedDifference(patterns: patterns, reason: reason)
    }

    func covers(_ line: String) -> Bool { patterns.contains(where: line.contains) }

    static let specifiedCode = lines(
        with: ": code ", because: "the specification has a code for it, where the reference says 999")
    static let nothingLeft = lines(
        with: "veth", "VETH", "eth0", "bridge0", because: "the reference leaves what an ADD that fails has made so far")
    static let releases = lines(
        with: "file lock", because: "what is undone is undone in IPAM too, whose DEL opens the lease directory")
}

/// One step of a case: a verb for a container, or something that happens to host or container meanwhile.
struct ReferenceStep: Sendable {
    enum Action: Sendable {
        case verb(String)
        case host(String)
        case container(String)
    }

    var action: Action
    var containerID = "cid1"
    /// Changes the call from what follows from the case.
    var change: @Sendable (inout PluginCall) -> Void = { _ in }

    static let add = ReferenceStep(action: .verb("ADD"))
    static let check = ReferenceStep(action: .verb("CHECK"))
    static let delete = ReferenceStep(action: .verb("DEL"))

    /// A shell script on the host, where `$port` is the name of the first container's port.
    static func host(_ script: String) -> Self { ReferenceStep(action: .host(script)) }

    /// A shell script in the container.
    static func container(_ script: String) -> Self { ReferenceStep(action: .container(script)) }

    /// The same for another container.
    func of(_ containerID: String) -> Self {
        var step = self
        step.containerID = containerID
        return step
    }

    /// The same for another interface.
    func named(_ interfaceName: String) -> Self { with { $0.interfaceName = interfaceName } }

    /// The same with the call changed.
    func with(_ change: @escaping @Sendable (inout PluginCall) -> Void) -> Self {
        var step = self
        step.change = change
        return step
    }

    /// The same with a member of the configuration changed, or taken away.
    func with(_ name: String, _ value: JSONValue?) -> Self {
        with { call in
            guard case .object(var object) = call.configuration else { return }
            object[name] = value
            call.configuration = .object(object)
        }
    }
}
