import Addressing
import CNI
import DHCP
import JSON

/// What the `ipam` object of a network says, of which the daemon reads all but where it is.
struct DHCPConfiguration {
    /// Options that the client tells a server.
    private(set) var provided = DHCPOptions()
    /// Options that it asks for, in the order of preference.
    let requested: [UInt8]
    /// The metric of every route; 0 leaves it to the kernel.
    let priority: UInt32

    static let defaultSocketPath = "/run/cni/dhcp.sock"

    /// What is asked for beside what the configuration names: option 121 goes before 3, as RFC 3442 has it.
    static let usualRequests = [
        DHCPOption.classlessRoutes, DHCPOption.routers, DHCPOption.subnetMask, DHCPOption.nameServers,
        DHCPOption.domainName, DHCPOption.domainSearch, DHCPOption.interfaceMTU,
    ]

    /// - Parameters:
    ///   - configuration: the network's.
    ///   - arguments: `CNI_ARGS`, which options may come from.
    /// - Throws: code 7 without an `ipam` object, or for what is no option.
    init(_ configuration: NetworkConfiguration, arguments: CNIArguments) throws {
        guard let ipam = try configuration.reader.optional("ipam", as: JSONReader.self) else {
            throw CNIError(.invalidConfiguration, "IPAM config missing 'ipam' key")
        }
        let requests: [Request] = try ipam.optional("request") ?? []
        var requested = requests.map(\.option.number)
        if !requests.contains(where: \.skipsDefault) { requested += Self.usualRequests }
        var seen: Set<UInt8> = []
        self.requested = requested.filter { seen.insert($0).inserted }
        priority = try ipam.optional("priority") ?? 0
        for provision: Provision in try ipam.optional("provide") ?? [] {
            guard let value = provision.argument.flatMap({ arguments[$0] }) ?? provision.value else { continue }
            guard value.utf8.count <= Self.longestValue else {
                throw CNIError(
                    .invalidConfiguration,
                    "value of option \(provision.option.number) has \(value.utf8.count) bytes, and "
                        + "\(Self.longestValue) is the most")
            }
            provided[provision.option.number] = Array(value.utf8)
        }
    }

    private static let longestValue = 255

    /// Where the daemon listens; the usual place when the configuration cannot be read.
    static func socketPath(of configuration: NetworkConfiguration) -> String {
        let ipam = try? configuration.reader.optional("ipam", as: JSONReader.self)
        let path = try? ipam?.optionalPath("daemonSocketPath")
        return path.flatMap { $0.isEmpty ? nil : $0 } ?? defaultSocketPath
    }
}

/// An element of `request`.
private struct Request: JSONReadable {
    let option: Option
    let skipsDefault: Bool

    init(reading reader: JSONReader) throws(JSONError) {
        option = try reader.required("option")
        skipsDefault = try reader.optional("skipDefault") ?? false
    }
}

/// An element of `provide`.
private struct Provision: JSONReadable {
    let option: Option
    let value: String?
    /// The key of `CNI_ARGS` whose value goes before the one that is given.
    let argument: String?

    init(reading reader: JSONReader) throws(JSONError) {
        option = try reader.required("option")
        guard !DHCPOption.ownToProtocol.contains(option.number) else {
            throw reader.fail("option \(option.number) is what the protocol needs it to be", at: "option")
        }
        value = try reader.optional("value").flatMap { $0 == "" ? nil : $0 }
        argument = try reader.optional("fromArg").flatMap { $0 == "" ? nil : $0 }
    }
}

/// The name or number of an option.
private struct Option: JSONReadable {
    let number: UInt8

    init(reading reader: JSONReader) throws(JSONError) {
        guard let number = reader.value.string.flatMap(DHCPOption.number) else {
            throw reader.expected("an option such as \"host-name\", or its number from \"1\" to \"254\"")
        }
        self.number = number
    }
}
