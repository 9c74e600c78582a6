import GoRPC

/// What plugin and daemon ask and answer each other.
enum DaemonMethod: String {
    /// Leases an address, or tells of the one that the attachment has.
    case allocate = "DHCP.Allocate"
    case release = "DHCP.Release"
    /// Tells of an attachment's lease, and makes none; the reference's daemon has no such method.
    case inspect = "DHCP.Inspect"
    /// Releases what belongs to attachments that are not valid; neither has it this.
    case collectGarbage = "DHCP.CollectGarbage"
}

/// What a method gets: `skel.CmdArgs` of the reference.
struct DaemonArguments: Hashable {
    var containerID = ""
    var namespacePath = ""
    var interfaceName = ""
    var arguments = ""
    var path = ""
    var configuration: [UInt8] = []

    static let type = GobType.structure(
        "CmdArgs",
        [
            .init("ContainerID", .string), .init("Netns", .string), .init("IfName", .string), .init("Args", .string),
            .init("Path", .string), .init("StdinData", .bytes),
        ])

    var value: GobValue {
        .structure([
            "ContainerID": .string(containerID), "Netns": .string(namespacePath), "IfName": .string(interfaceName),
            "Args": .string(arguments), "Path": .string(path), "StdinData": .bytes(configuration),
        ])
    }
}

extension DaemonArguments {
    init(_ value: GobValue) {
        containerID = value["ContainerID"]?.string ?? ""
        namespacePath = value["Netns"]?.string ?? ""
        interfaceName = value["IfName"]?.string ?? ""
        arguments = value["Args"]?.string ?? ""
        path = value["Path"]?.string ?? ""
        configuration = value["StdinData"]?.bytes ?? []
    }
}
