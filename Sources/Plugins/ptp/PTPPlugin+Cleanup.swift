import Attachments
import CNI
import LinuxSystem
import Nftables
import PluginKit

/// DEL and GC, which go on past errors and never need the container's namespace.
extension PTPPlugin {
    func delete(_ invocation: Invocation) throws {
        try invocation.detach(silencingBy: invocation.silencePair) {
            // The routes and addresses go with the pair.
            ContainerMasquerade.teardown(of: invocation, from: Self.masquerade, then: invocation.deletePair)
        }
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        try configuration.collect {
            var teardown = Teardown()
            teardown.attempt { try configuration.deletePairs(keeping: valid) }
            teardown.attempt {
                var nftables = try NftablesSocket()
                try ContainerMasquerade.collect(from: Self.masquerade, configuration, keeping: valid, on: &nftables)
            }
            return teardown
        }
    }
}
