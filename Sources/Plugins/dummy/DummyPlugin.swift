import CNI
import PluginKit

/// Gives containers an interface that leads nowhere, for addresses that programs in it use among themselves.
@main
struct DummyPlugin: LinkPlugin {
    typealias Configuration = DummyConfiguration

    static let name = "dummy"

    static func main() { PluginMain.run(DummyPlugin()) }
}
