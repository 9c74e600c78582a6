import CNIRuntime

enum Check: Subcommand {
    static let name = "check"
    static let parameters = "[-i IFNAME] NET NETNS"
    static let purpose = "compare the attachment with what add did; silent when all is well"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        let (list, request, place) = try settings.attachment(&arguments)
        _ = try place.open()
        try settings.runtime.check(request, in: list)
    }
}
