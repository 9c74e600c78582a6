import Attachments
import CNI
import JSON
import LinuxSystem
import RouteNetlink

/// What ADD found, which DEL restores.
struct TuningRecord: Hashable {
    /// Whose, and where; nil in a record of the reference.
    var network: String?
    /// The number of the container's namespace.
    var namespace: UInt64?
    /// The number of the interface; nil where nothing of it was changed.
    var interface: InterfaceIndex?
    private(set) var link = LinkSettings()
    /// In the order in which they were changed.
    private(set) var parameters: [ParameterChange] = []

    init(network: String, namespace: UInt64, interface: InterfaceIndex?) {
        self.network = network
        self.namespace = namespace
        self.interface = interface
    }

    /// Takes over what an earlier ADD of the same attachment found.
    mutating func keep(_ earlier: TuningRecord) {
        parameters = earlier.parameters
        guard interface == nil || earlier.interface == nil || interface == earlier.interface else { return }
        link = earlier.link
        interface = interface ?? earlier.interface
    }

    /// Takes over how an interface is, but where it is as wanted and an earlier ADD may have made it so.
    mutating func note(_ current: LinkSettings, for wanted: LinkSettings) {
        link = current.unlike(wanted).over(link).over(current)
    }

    /// Takes over what a parameter is, likewise.
    mutating func note(_ change: ParameterChange) {
        guard let index = parameters.firstIndex(where: { $0.path == change.path }) else {
            return parameters.append(change)
        }
        if change.before.hasSameWords(as: change.after) {
            parameters[index].after = change.after
        } else {
            parameters[index] = change
        }
    }

    /// Makes it restore what a parameter was before a change that came before its own.
    ///
    /// - Returns: false when it has not changed what that change had left.
    mutating func inherit(_ change: ParameterChange) -> Bool {
        guard
            let index = parameters.firstIndex(where: {
                $0.path == change.path && $0.before.hasSameWords(as: change.after)
            })
        else { return false }
        parameters[index].before = change.before
        return true
    }

    /// Restores what was found, going on past errors; nothing in another namespace than that of the record.
    ///
    /// - Parameters:
    ///   - invocation: whose record it is.
    ///   - records: those of the container's other interfaces; where one of these has set a parameter since, what was
    ///     found is for it to restore. Nil when there can be none.
    /// - Throws: all that the kernel refused.
    func restore(_ invocation: Invocation, among records: TuningRecords?) throws {
        guard let found = invocation.namespaceIfPresent(), try namespace == nil || namespace == found.identity() else {
            return
        }
        var container = try RouteSocket(in: found)
        var teardown = Teardown()
        var own = parameters
        if let records, !own.isEmpty {
            teardown.attempt {
                for other in try container.links() where other.name != invocation.interfaceName {
                    own = try records.handOver(own, to: invocation.attachment.sibling(other.name))
                }
            }
        }
        for change in own.reversed() {
            teardown.attempt { try found.run { () throws(SystemError) in try change.undo() } }
        }
        teardown.attempt {
            guard !link.isEmpty, let present = try container.link(named: invocation.interfaceName),
                interface == nil || interface == present.index
            else { return }
            try container.perform(link.unlike(link.current(of: present)).requests(for: present))
        }
        try teardown.finish()
    }
}

extension TuningRecord: JSONReadable {
    init(reading reader: JSONReader) throws(JSONError) {
        network = try reader.optional("network")
        namespace = try reader.optional("namespace")
        interface = try reader.optional("interface").map(InterfaceIndex.init(rawValue:))
        link = try LinkSettings(reading: reader)
        let changes = try reader.optional("sysctl", as: JSONObject.self) ?? [:]
        for member in changes.members {
            let reader = JSONReader(member.value, path: member.name)
            parameters.append(
                ParameterChange(
                    path: member.name, before: try reader.required("before"), after: try reader.required("after")))
        }
    }

    /// The reference's members, and this suite's own, which the reference passes over.
    var encoded: JSONObject {
        var object = link.encoded
        object["network"] = network.map { .string($0) }
        object["namespace"] = namespace.map { .number(JSONNumber($0)) }
        object["interface"] = interface.map { .number(JSONNumber($0.rawValue)) }
        if !parameters.isEmpty {
            object["sysctl"] = .object(
                JSONObject(
                    parameters.map { change in
                        JSONObject.Member(
                            name: change.path,
                            value: ["before": .string(change.before), "after": .string(change.after)])
                    }))
        }
        return object
    }
}

/// A parameter that was set.
struct ParameterChange: Hashable {
    /// Below `/proc/sys`.
    let path: String
    var before: String
    var after: String

    /// Gives the parameter of the calling thread's namespace its old value, unless it has been set to another since.
    func undo() throws(SystemError) {
        guard let value = try Sysctl.readableValue(of: path), value.hasSameWords(as: after) else { return }
        try Sysctl.ensure(path, is: before)
    }
}

extension Attachment {
    /// Another interface of the same container.
    fileprivate func sibling(_ interfaceName: String) -> Attachment {
        Attachment(network: network, containerID: containerID, interfaceName: interfaceName)
    }
}

extension String {
    /// Whether two values are the same to the kernel, which separates numbers by tabs when it tells them.
    func hasSameWords(as other: String) -> Bool {
        split(whereSeparator: \.isWhitespace) == other.split(whereSeparator: \.isWhitespace)
    }
}
