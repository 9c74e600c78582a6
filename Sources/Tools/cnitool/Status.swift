import CNI
import CNIRuntime
import LinuxSystem

enum Status: Subcommand {
    static let name = "status"
    static let parameters = "NET"
    static let purpose = "ask whether add would work; silent when it would"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        let list = try settings.network(&arguments)
        guard try !list.allows(.status) else { return try settings.runtime.status(of: list) }
        try settings.runtime.validate(list)
        StandardStreams.log(
            "cnitool: the plugins are there, and cannot be asked for more: \"\(list.name)\" is of version "
                + "\(list.version.isEmpty ? CNIVersion.v0_1_0.rawValue : list.version), and STATUS came with "
                + "\(Verb.status.since.rawValue); add that to its \"cniVersions\"")
    }
}
