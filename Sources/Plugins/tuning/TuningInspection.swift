import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// A container's namespace and interface compared with what is asked for.
struct TuningInspection: ~Copyable {
    private let interface: String
    private let configuration: TuningConfiguration
    private var container: ContainerSide
    private var differences = Differences()

    /// - Throws: code 8 without a namespace.
    init(_ invocation: Invocation, _ configuration: TuningConfiguration) throws {
        container = try ContainerSide(invocation)
        interface = invocation.interfaceName
        self.configuration = configuration
    }

    /// - Throws: all differences as one error; what keeps it from looking.
    consuming func run() throws {
        try inspectParameters()
        try inspectLink()
        try differences.finish()
    }

    private mutating func inspectParameters() throws(SystemError) {
        let parameters = configuration.parameters.map { (path: $0.name.path(for: interface), parameter: $0) }
        guard !parameters.isEmpty else { return }
        let values = try container.namespace.run { () throws(SystemError) in
            try parameters.map { (entry) throws(SystemError) in try Sysctl.readableValue(of: entry.path) }
        }
        for ((_, parameter), value) in zip(parameters, values) {
            // What cannot be read, as some can only be written, tells nothing.
            guard let value, !value.hasSameWords(as: parameter.value) else { continue }
            differences.note(
                "Error: Tuning configured value of \(parameter.name.text) is \(parameter.value), "
                    + "current value is \(value)")
        }
    }

    private mutating func inspectLink() throws(SystemError) {
        let wanted = configuration.link
        guard !wanted.isEmpty else { return }
        let current = wanted.current(of: try container.socket.existingLink(named: interface))
        compare("Ethernet", wanted.mac, current.mac)
        compare("promisc", wanted.isPromiscuous, current.isPromiscuous)
        compare("MTU", wanted.mtu, current.mtu)
        compare("all-multicast mode", wanted.isAllMulticast, current.isAllMulticast)
        compare("Transmit Queue Length", wanted.transmitQueueLength, current.transmitQueueLength)
    }

    private mutating func compare<Value: Equatable>(_ what: String, _ wanted: Value?, _ current: Value?) {
        guard let wanted, wanted != current else { return }
        let now = current.map { "\($0)" } ?? "none"
        differences.note("Error: Tuning configured \(what) of \(interface) is \(wanted), current value is \(now)")
    }
}
