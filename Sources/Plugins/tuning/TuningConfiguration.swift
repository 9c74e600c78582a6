import Addressing
import CNI
import JSON
import PluginKit

/// What is asked for: by the configuration, by `CNI_ARGS` and `runtimeConfig` for the MAC address, and by `args.cni`, which
/// goes before all of them.
struct TuningConfiguration {
    /// In the order in which they are written, each parameter once.
    let parameters: [Parameter]
    let link: LinkSettings

    struct Parameter: Hashable {
        let name: ParameterName
        let value: String
    }

    /// - Throws: code 7 with the member that will not do; code 4 for `CNI_ARGS` that will not do.
    init(_ configuration: NetworkConfiguration, _ arguments: CNIArguments = CNIArguments("")) throws {
        let reader = configuration.reader
        let asked = try configuration.conventionalArguments()
        var parameters = try Self.parameters(reader)
        if let asked {
            for parameter in try Self.parameters(asked) {
                parameters.removeAll { $0.name == parameter.name }
                parameters.append(parameter)
            }
        }
        self.parameters = parameters

        var link = try LinkSettings(reading: reader)
        if let text = try arguments.values(knowing: ["MAC"])["MAC"], let mac = try MACAddress(ofArguments: text) {
            link.mac = mac
        }
        if let mac = try configuration.runtimeConfiguration()?.optionalMAC("mac") { link.mac = mac }
        if let asked { link = try LinkSettings(reading: asked).over(link) }
        _ = try link.mac?.usable()
        // Nobody is asked to switch it off, and no MTU is 0.
        if link.isPromiscuous == false { link.isPromiscuous = nil }
        if link.mtu == 0 { link.mtu = nil }
        self.link = link
    }

    var isEmpty: Bool { parameters.isEmpty && link.isEmpty }

    /// Sees that the administrator of the host allows all parameters.
    ///
    /// - Throws: code 7 for the first that is not; code 5 when the list cannot be read.
    func requireAllowed() throws {
        guard !parameters.isEmpty, let list = try ParameterAllowlist.load() else { return }
        for parameter in parameters { try list.require(parameter.name) }
    }

    /// Where records are kept; where another place is meant than one can be, the usual one.
    static func dataDirectory(_ configuration: NetworkConfiguration) -> String {
        (try? configuration.reader.optionalAbsolutePath("dataDir")) ?? "/run/cni/tuning"
    }

    private static func parameters(_ reader: JSONReader) throws -> [Parameter] {
        guard let object: JSONObject = try reader.optional("sysctl") else { return [] }
        guard object.repeatedNames.isEmpty else { throw repeated(object.repeatedNames) }
        let values: [String: String] = try reader.required("sysctl")
        var parameters: [Parameter] = []
        for member in object.members {
            let parameter = Parameter(name: try ParameterName(member.name), value: values[member.name] ?? "")
            // Of two values for one parameter neither can be meant.
            if let other = parameters.first(where: { $0.name == parameter.name }) {
                throw repeated([other.name.text, parameter.name.text])
            }
            parameters.append(parameter)
        }
        return parameters
    }

    private static func repeated(_ names: [String]) -> CNIError {
        CNIError(
            .invalidConfiguration, "duplicated sysctl keys are not allowed", details: names.joined(separator: ", "))
    }
}
