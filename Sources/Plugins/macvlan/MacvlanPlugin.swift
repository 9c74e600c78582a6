import CNI
import PluginKit

/// Gives containers an interface with a MAC address of its own on one of the host's.
@main
struct MacvlanPlugin: LinkPlugin {
    typealias Configuration = MacvlanConfiguration

    static let name = "macvlan"

    static func main() { PluginMain.run(MacvlanPlugin()) }
}
