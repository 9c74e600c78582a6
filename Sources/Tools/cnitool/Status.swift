import CNIRuntime

enum Status: Subcommand {
    static let name = "status"
    static let parameters = "NET"
    static let purpose = "ask whether add would work; silent when it would"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        try settings.runtime.status(of: settings.network(&arguments))
    }
}
