import CNIRuntime

enum CollectGarbage: Subcommand {
    static let name = "gc"
    static let parameters = "NET"
    static let purpose = "delete every attachment to the network that is in the cache, and what else was left"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        try settings.runtime.collectGarbage(in: settings.network(&arguments))
    }
}
