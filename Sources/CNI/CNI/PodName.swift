/// A pod, as Kubernetes names it in `CNI_ARGS`.
public struct PodName: Hashable, Sendable, CustomStringConvertible {
    public let namespace: String
    public let name: String

    private static let namespaceKey = "K8S_POD_NAMESPACE"
    private static let nameKey = "K8S_POD_NAME"

    /// The arguments that it is made of.
    public static let keys: Set<String> = [namespaceKey, nameKey]

    /// Nil when the runtime does not say.
    public init?(_ arguments: CNIArguments) {
        guard let namespace = arguments[Self.namespaceKey], let name = arguments[Self.nameKey], !name.isEmpty else {
            return nil
        }
        self.namespace = namespace
        self.name = name
    }

    /// As in `shop/web-0`.
    public var description: String { "\(namespace)/\(name)" }
}
