import CNI
import CNIRuntime

enum Check: Subcommand {
    static let name = "check"
    static let parameters = "[-i IFNAME] NET NETNS"
    static let purpose = "compare the attachment with what add did; silent when all is well"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        let (list, request, place) = try settings.attachment(&arguments)
        _ = try place.open()
        do throws(CNIError) {
            try settings.runtime.check(settings.asAdded(request), in: list)
        } catch {
            guard try !settings.runtime.cache.contains(request.attachment) else { throw error }
            throw Failure(lines: ["\(error)", "nothing is kept of an add to compare with; \"cnitool add\" comes first"])
        }
    }
}
