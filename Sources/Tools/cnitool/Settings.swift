import Attachments
import CNI
import CNIRuntime
import JSON
import LinuxSystem

/// What the environment says: where configurations, plugins and results are, and what goes to the plugins.
struct Settings {
    let configurations: ConfigurationDirectory
    let runtime: Runtime
    /// Nil where the environment does not say.
    private let arguments: [AttachmentRequest.Argument]?
    private let capabilityArguments: JSONObject?

    /// - Throws: an error that names the variable that does not parse.
    init() throws {
        configurations = Self.variable("NETCONFPATH").map(ConfigurationDirectory.init) ?? .standard
        runtime = Runtime(
            pluginDirectories: PluginExecutable.directories(in: Self.variable("CNI_PATH") ?? "/opt/cni/bin"),
            cache: Self.variable("CNI_CACHE_DIR").map(ResultCache.init) ?? .standard)
        arguments = try Self.variable("CNI_ARGS").map { text in try AttachmentRequest.arguments(parsing: text) }
        do {
            capabilityArguments = try Self.variable("CAP_ARGS").map { text in
                try JSONObject(reading: JSONReader(JSONValue(parsing: text)))
            }
        } catch {
            throw CNIError(.invalidEnvironment, "CAP_ARGS: \(error)")
        }
    }

    /// The configuration of a network.
    ///
    /// - Throws: its error, with what to do where there is no configuration at all; code 7 for a name that is none.
    func list(named name: String) throws(CNIError) -> ConfigurationList {
        do throws(CNIError) {
            let list = try configurations.list(named: name)
            try Identifier.checkNetworkName(list.name)
            return list
        } catch {
            guard error.details == nil, let lists = try? configurations.lists(), lists.isEmpty else { throw error }
            throw CNIError(
                error.code, error.message, details: "put one there, or name another directory in NETCONFPATH")
        }
    }

    /// Takes `[-i IFNAME] NET NETNS` from the command line.
    ///
    /// - Throws: `UsageError`; the error of the configuration or the interface's name.
    func attachment(
        _ arguments: inout Arguments
    ) throws -> (list: ConfigurationList, request: AttachmentRequest, namespace: ContainerNamespace) {
        let interface = try arguments.value(of: "-i", "--ifname") ?? Self.variable("CNI_IFNAME") ?? "eth0"
        let network = try arguments.operand("NET")
        let namespace = ContainerNamespace(try arguments.operand("NETNS"))
        try arguments.end()
        let list = try list(named: network)
        try Identifier.checkInterfaceName(interface)
        let request = AttachmentRequest(
            Attachment(network: list.name, containerID: namespace.containerID, interfaceName: interface),
            namespacePath: namespace.path,
            arguments: self.arguments ?? [], capabilityArguments: capabilityArguments ?? [:])
        return (list, request, namespace)
    }

    /// A request as ADD got it, which the specification wants CHECK and DEL to get too, but for what the environment says.
    func asAdded(_ request: AttachmentRequest) throws(CNIError) -> AttachmentRequest {
        guard let earlier = try runtime.cache.request(of: request.attachment) else { return request }
        var request = request
        if arguments == nil { request.arguments = earlier.arguments }
        if capabilityArguments == nil { request.capabilityArguments = earlier.capabilityArguments }
        return request
    }

    /// Takes `NET` from the command line, and unless told otherwise a `NETNS` that means nothing here, for those who are
    /// used to it.
    ///
    /// - Throws: `UsageError`; the error of the configuration.
    func network(
        _ arguments: inout Arguments, allowingNamespace allowsNamespace: Bool = true
    ) throws -> ConfigurationList {
        if allowsNamespace { _ = try arguments.value(of: "-i", "--ifname") }
        let network = try arguments.operand("NET")
        if allowsNamespace { _ = try arguments.optionalOperand() }
        try arguments.end()
        return try list(named: network)
    }

    /// A variable that is set to something.
    private static func variable(_ name: String) -> String? {
        ProcessEnvironment.value(of: name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
