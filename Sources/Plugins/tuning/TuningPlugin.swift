import Attachments
import CNI
import LinuxSystem
import PluginKit

/// Sets parameters of a container's network namespace, and what an interface that other plugins made is like.
@main
struct TuningPlugin: CNIPlugin {
    static let name = "tuning"

    static func main() { PluginMain.run(TuningPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        var result = try invocation.configuration.chainedResult()
        let configuration = try TuningConfiguration(invocation.configuration, invocation.arguments)
        try configuration.requireAllowed()
        // Some runtimes write this plugin into every network, with nothing for it to do.
        guard !configuration.isEmpty else { return result }
        var tuning = try Tuning(invocation, configuration)
        try tuning.record()
        try tuning.setParameters()
        try tuning.changeInterface()
        try tuning.commit()
        configuration.link.tell(&result, of: invocation.interfaceName)
        return result
    }

    /// What cannot be put back any more is no reason for the rest of the chain to stay.
    func delete(_ invocation: Invocation) throws {
        let records = TuningRecords(in: TuningConfiguration.dataDirectory(invocation.configuration))
        guard let record = records.record(of: invocation.attachment) else { return }
        do {
            try record.restore(invocation, among: records)
        } catch {
            StandardStreams.log("restore \(invocation.interfaceName): \(error)")
        }
        try records.remove(invocation.attachment)
    }

    func check(_ invocation: Invocation) throws {
        _ = try invocation.configuration.chainedResult()
        let configuration = try TuningConfiguration(invocation.configuration, invocation.arguments)
        guard !configuration.isEmpty else { return }
        try TuningInspection(invocation, configuration).run()
    }

    func status(_ configuration: NetworkConfiguration) throws {
        try TuningConfiguration(configuration).requireAllowed()
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        try TuningRecords(in: TuningConfiguration.dataDirectory(configuration))
            .removeAll(ofNetwork: configuration.name, keeping: valid)
    }
}
