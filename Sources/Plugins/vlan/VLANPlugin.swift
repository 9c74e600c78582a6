import CNI
import PluginKit

/// Gives containers one VLAN of an interface of the host's.
@main
struct VLANPlugin: LinkPlugin {
    typealias Configuration = VLANConfiguration

    static let name = "vlan"

    static func main() { PluginMain.run(VLANPlugin()) }
}
