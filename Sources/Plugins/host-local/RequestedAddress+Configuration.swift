import AddressPools
import Addressing
import CNI
import JSON

extension RequestedAddress {
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
