import CNI
import PluginKit

/// Gives containers an interface on one of the host's, whose MAC address it shares.
@main
struct IPVLANPlugin: LinkPlugin {
    typealias Configuration = IPVLANConfiguration

    static let name = "ipvlan"

    static func main() { PluginMain.run(IPVLANPlugin()) }
}
