import CNI
import PluginKit

/// CHECK: CNI specification, section 2.
extension BridgePlugin {
    func check(_ invocation: Invocation) throws {
        let configuration = try BridgeConfiguration(invocation.configuration)
        var inspection = try BridgeInspection(invocation, configuration)
        try Delegate.ipam(of: invocation.configuration)?.check()
        try inspection.run()
    }
}
