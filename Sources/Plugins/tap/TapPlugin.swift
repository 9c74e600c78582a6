import CNI
import PluginKit

/// Gives containers a tap: an interface whose other end is a program, such as a virtual machine.
@main
struct TapPlugin: LinkPlugin {
    typealias Configuration = TapConfiguration

    static let name = "tap"

    static func main() { PluginMain.run(TapPlugin()) }
}
