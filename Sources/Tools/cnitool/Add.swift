import CNI
import CNIRuntime
import JSON
import LinuxSystem

enum Add: Subcommand {
    static let name = "add"
    static let parameters = "[-i IFNAME] NET NETNS"
    static let purpose = "attach the namespace to the network, and print the result as JSON"

    static func run(_ arguments: inout Arguments) throws {
        let settings = try Settings()
        let (list, request, place) = try settings.attachment(&arguments)
        _ = try place.open()
        try OwnNamespace.refuse(place.path)
        let result = try settings.runtime.add(request, to: list)
        try StandardStreams.writeOutput(result.serialized(pretty: true) + [UInt8(ascii: "\n")])
    }
}
