import LinuxSystem

/// The `CNI_…` variables: CNI specification, section 2, "Parameters".
struct PluginEnvironment {
    let command: String
    let containerID: String
    let namespacePath: String
    let interfaceName: String
    let arguments: String
    /// `CNI_PATH`, taken apart.
    let pluginDirectories: [String]

    init() {
        func value(_ name: String) -> String { ProcessEnvironment.value(of: name) ?? "" }
        command = value("CNI_COMMAND")
        containerID = value("CNI_CONTAINERID")
        namespacePath = value("CNI_NETNS")
        interfaceName = value("CNI_IFNAME")
        arguments = value("CNI_ARGS")
        pluginDirectories = PluginExecutable.directories(in: value("CNI_PATH"))
    }

    /// Checks what the verb needs.
    ///
    /// - Throws: code 4, for the first value that will not do, or else for all variables that are missing.
    func check(for verb: Verb) throws(CNIError) {
        var missing: [String] = []
        if verb.isAboutAttachment {
            if containerID.isEmpty {
                missing.append("CNI_CONTAINERID")
            } else {
                try Identifier.checkContainerID(containerID)
            }
            if namespacePath.isEmpty && verb != .delete { missing.append("CNI_NETNS") }
            if interfaceName.isEmpty {
                missing.append("CNI_IFNAME")
            } else {
                try Identifier.checkInterfaceName(interfaceName)
            }
        }
        if ProcessEnvironment.value(of: "CNI_PATH") ?? "" == "" { missing.append("CNI_PATH") }
        guard missing.isEmpty else {
            throw CNIError(
                .invalidEnvironment, "required env variables [\(missing.joined(separator: ","))] missing")
        }
    }
}

/// The verbs that read a configuration.
package enum Verb: String, Sendable {
    case add = "ADD"
    case delete = "DEL"
    case check = "CHECK"
    case status = "STATUS"
    case collectGarbage = "GC"

    var isAboutAttachment: Bool {
        switch self {
        case .add, .delete, .check: true
        case .status, .collectGarbage: false
        }
    }

    /// The version of the specification that introduced it.
    package var since: CNIVersion {
        switch self {
        case .add, .delete: .v0_1_0
        case .check: .v0_4_0
        case .status, .collectGarbage: .v1_1_0
        }
    }
}
