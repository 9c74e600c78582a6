import Addressing
import Attachments
import CNI
import ContainerLinks
import Nftables
import NodeTable
import Overlay
import PacketRules
import RouteNetlink

/// DEL and GC, which go on past errors; DEL needs neither the table of nodes nor the container's namespace.
extension VXLANPlugin {
    func delete(_ invocation: Invocation) throws {
        var teardown = Teardown()
        teardown.attempt {
            try DelegateConfiguration(removing: invocation.configuration).forwarding(invocation.configuration)
                .delegate(for: invocation.configuration).delete()
        }
        // Whether or not the configuration still asks for it, and whatever addresses are told: both may have changed since ADD.
        teardown.attempt {
            var nftables = try NftablesSocket()
            try Self.masquerade().removeAll(of: invocation.attachment, on: &nftables)
        }
        teardown.attempt {
            var host = try RouteSocket()
            let delegate = try? DelegateConfiguration(removing: invocation.configuration)
            guard let delegate, let bridge = delegate.bridge else { return }
            for interface in delegate.gatewayInterfaces {
                try GatewayAddress.deleteObsoleteRoutes(markedWith: .overlay, on: interface, of: bridge, on: &host)
            }
        }
        try teardown.finish()
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        var teardown = Teardown()
        teardown.attempt {
            try DelegateConfiguration(removing: configuration).forwarding(configuration)
                .delegate(for: configuration).collectGarbage()
        }
        teardown.attempt {
            var nftables = try NftablesSocket()
            try Self.masquerade().removeAll(ofNetwork: configuration.name, except: valid, on: &nftables)
        }
        // Peers that left the table go.
        teardown.attempt { _ = try ReconciledHost(configuration) }
        try teardown.finish()
    }
}
