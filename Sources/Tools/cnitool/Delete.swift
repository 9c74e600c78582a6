import CNIRuntime

enum Delete: Subcommand {
    static let name = "del"
    static let parameters = "[-i IFNAME] NET NETNS"
    static let purpose = "undo add; the namespace need not exist any more"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        let (list, request, _) = try settings.attachment(&arguments)
        try settings.runtime.delete(request, from: list)
    }
}
