package import CNI

extension Delegate {
    /// The IPAM plugin that a configuration names; nil where it names none.
    ///
    /// - Throws: code 7 when there is no such plugin, or it is this one.
    package static func ipam(of configuration: NetworkConfiguration) throws -> Delegate? {
        try configuration.ipamType().map { type in try Delegate(type, for: configuration) }
    }
}
