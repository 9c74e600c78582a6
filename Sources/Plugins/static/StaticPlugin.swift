import Addressing
import Attachments
import CNI

/// Gives the addresses, routes and DNS that the configuration or the runtime names; it keeps nothing.
@main
struct StaticPlugin: CNIPlugin {
    static let name = "static"

    static func main() { PluginMain.run(StaticPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try StaticConfiguration(invocation.configuration, arguments: invocation.arguments)
        return CNIResult(
            addresses: configuration.addresses, routes: configuration.routes, dns: configuration.dns)
    }

    func delete(_ invocation: Invocation) throws {}

    /// Looks in the previous result for the addresses, and for those gateways that were named.
    func check(_ invocation: Invocation) throws {
        guard let previous = try invocation.configuration.previousResult() else {
            throw CNIError(.invalidConfiguration, "Required prevResult missing")
        }
        let present = previous.addresses(of: invocation.interfaceName)
        let configuration = try StaticConfiguration(invocation.configuration, arguments: invocation.arguments)
        let missing = configuration.addresses.filter { wanted in
            !present.contains { $0.fulfils(wanted) }
        }
        guard missing.isEmpty else {
            let differences = missing.map {
                "static: Failed to match addr \($0.summary) on interface \(invocation.interfaceName)"
            }
            throw CNIError(.other, differences.joined(separator: "; "))
        }
    }

    func status(_ configuration: NetworkConfiguration) throws {
        _ = try StaticConfiguration(configuration)
    }
}

extension CNIResult.Address {
    /// Whether this is what was asked for; a gateway that nobody asked for may come from another plugin.
    fileprivate func fulfils(_ wanted: CNIResult.Address) -> Bool {
        address == wanted.address && (wanted.gateway == nil || gateway == wanted.gateway)
    }

    fileprivate var summary: String {
        gateway.map { "\(address) with gateway \($0)" } ?? "\(address)"
    }
}
