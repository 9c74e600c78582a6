import Addressing
import CNI
import JSON

/// An address that the runtime asks for; it may have a prefix length behind it, which says nothing here.
struct RequestedAddress: JSONReadable {
    let address: IPAddress

    private init?(_ text: String) {
        guard let address = IPAddress(text) ?? InterfaceAddress(text)?.address else { return nil }
        self.address = address
    }

    init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string else { throw reader.expected("an IP address such as 10.1.0.5") }
        guard let address = RequestedAddress(text) else { throw reader.fail("invalid IP address \(text)") }
        self = address
    }

    /// Those of `CNI_ARGS`, `args.cni.ips` and `runtimeConfig.ips`, in this order.
    ///
    /// - Parameters:
    ///   - configuration: the whole of it.
    ///   - argument: the value of `IP` in `CNI_ARGS`.
    /// - Returns: the addresses, in the order that they are asked for.
    /// - Throws: code 4 for an argument that is no address, else an error of the member's own.
    static func all(in configuration: NetworkConfiguration, argument: String?) throws -> [IPAddress] {
        var requested: [RequestedAddress] = []
        if let argument, !argument.isEmpty {
            guard let address = RequestedAddress(argument) else {
                throw CNIError(
                    .invalidEnvironment,
                    "ARGS: error parsing value of pair \"IP=\(argument)\": invalid IP address \(argument)")
            }
            requested.append(address)
        }
        requested += try configuration.conventionalArguments()?.optional("ips") ?? []
        requested += try configuration.runtimeConfiguration()?.optional("ips") ?? []
        return requested.map(\.address)
    }
}
