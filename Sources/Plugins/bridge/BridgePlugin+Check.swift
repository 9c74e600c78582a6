import CNI

/// CHECK: CNI specification, section 2.
extension BridgePlugin {
    func check(_ invocation: Invocation) throws {
        let configuration = try BridgeConfiguration(invocation.configuration)
        var inspection = try BridgeInspection(invocation, configuration)
        if let ipam = configuration.ipam { try Delegate(ipam, for: invocation.configuration).check() }
        try inspection.run()
        guard inspection.differences.isEmpty else {
            throw CNIError(.other, inspection.differences.joined(separator: "; "))
        }
    }
}
