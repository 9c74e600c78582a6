/// The network that a runtime under test attaches its containers to.
struct PodNetwork {
    static let name = "pods"

    /// One for each address that a container gets; the first address of each is the gateway's.
    var subnets: [String]

    init(_ subnets: String...) {
        self.subnets = subnets
    }

    /// Returns the configuration list: a bridge with gateway and masquerade, and published ports.
    func configuration(on host: ContainerHost) -> String {
        let ranges = subnets.map { #"[{"subnet": "\#($0)"}]"# }
        let routes = subnets.map { #"{"dst": "\#($0.contains(":") ? "::/0" : "0.0.0.0/0")"}"# }
        return """
            {
              "cniVersion": "1.0.0",
              "name": "\(Self.name)",
              "plugins": [
                {
                  "type": "bridge",
                  "bridge": "cni0",
                  "isGateway": true,
                  "ipMasq": true,
                  "ipam": {
                    "type": "host-local",
                    "dataDir": "\(host.leaseFolder.path)",
                    "ranges": [\(ranges.joined(separator: ", "))],
                    "routes": [\(routes.joined(separator: ", "))]
                  }
                },
                {"type": "portmap", "capabilities": {"portMappings": true}}
              ]
            }
            """
    }
}
