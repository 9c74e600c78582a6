import CNI
import LinuxSystem
import Netlink
import PluginKit
import RouteNetlink

/// An ADD: what is there is put on record, and then changed.
struct Tuning: ~Copyable {
    private let invocation: Invocation
    private let configuration: TuningConfiguration
    private var container: ContainerSide
    /// The interface as it is; nil where nothing of it is to be changed.
    private let link: Link?
    private let records: TuningRecords
    private var rollback = Rollback(report: StandardStreams.log)

    /// - Throws: code 8 without a namespace; `ENODEV` without an interface that is to be changed.
    init(_ invocation: Invocation, _ configuration: TuningConfiguration) throws {
        var container = try ContainerSide(invocation)
        link = configuration.link.isEmpty ? nil : try container.socket.existingLink(named: invocation.interfaceName)
        records = TuningRecords(in: TuningConfiguration.dataDirectory(invocation.configuration))
        self.invocation = invocation
        self.configuration = configuration
        self.container = container
    }

    /// Puts on record what DEL is to restore, before any of it is changed.
    mutating func record() throws {
        let (records, invocation) = (records, invocation)
        let earlier = records.record(of: invocation.attachment)
        var record = TuningRecord(
            network: invocation.configuration.name, namespace: try container.namespace.identity(),
            interface: link?.index)
        if let earlier, earlier.namespace == record.namespace { record.keep(earlier) }
        if let link { record.note(configuration.link.current(of: link), for: configuration.link) }
        let interface = invocation.interfaceName
        let parameters = configuration.parameters
        try container.namespace.run { () throws(SystemError) in
            for parameter in parameters {
                if let change = try ParameterChange(parameter, for: interface) { record.note(change) }
            }
        }
        try records.save(record, of: invocation.attachment)
        rollback.register("record") {
            if let earlier {
                try records.save(earlier, of: invocation.attachment)
            } else {
                try records.remove(invocation.attachment)
            }
        }
        // To restore is to give everything its old value, so it does no harm where nothing has been changed yet.
        let made = record
        rollback.register("restore") { try made.restore(invocation, among: nil) }
    }

    /// Writes the parameters, in their order, as the container's namespace sees them.
    mutating func setParameters() throws(SystemError) {
        let parameters = configuration.parameters
        let interface = invocation.interfaceName
        guard !parameters.isEmpty else { return }
        try container.namespace.run { () throws(SystemError) in
            for parameter in parameters {
                let path = parameter.name.path(for: interface)
                // Some can only be written.
                if let value = try Sysctl.readableValue(of: path), value.hasSameWords(as: parameter.value) { continue }
                try Sysctl.set(path, to: parameter.value)
            }
        }
    }

    mutating func changeInterface() throws(SystemError) {
        guard let link else { return }
        let settings = configuration.link
        try container.socket.perform(settings.unlike(settings.current(of: link)).requests(for: link))
    }

    /// Keeps what was changed.
    ///
    /// - Throws: code 11 when a signal asked this process to end; nothing is kept then.
    consuming func commit() throws(SystemError) {
        try Interruption.check()
        rollback.commit()
    }
}

extension ParameterChange {
    /// What becomes of a parameter of the calling thread's namespace; nil for one that cannot be read.
    fileprivate init?(_ parameter: TuningConfiguration.Parameter, for interface: String) throws(SystemError) {
        let path = parameter.name.path(for: interface)
        guard let value = try Sysctl.readableValue(of: path) else { return nil }
        self.init(path: path, before: value, after: parameter.value)
    }
}

extension RouteSocket {
    /// - Throws: `ENODEV` when there is none.
    mutating func existingLink(named name: String) throws(SystemError) -> Link {
        guard let link = try link(named: name) else { throw SystemError("find link", name, .noSuchDevice) }
        return link
    }
}
