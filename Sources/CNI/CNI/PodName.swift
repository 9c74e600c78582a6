/// A pod, as Kubernetes names it in `CNI_ARGS`.
package struct PodName: Hashable, Sendable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    private static let namespaceKey = "K8S_POD_NAMESPACE"
    private static let nameKey = "K8S_POD_NAME"

    /// The arguments that it is made of.
    package static let keys: Set<String> = [namespaceKey, nameKey]

    /// Nil when the runtime does not say.
    package init?(_ arguments: CNIArguments) {
        guard let namespace = arguments[Self.namespaceKey], let name = arguments[Self.nameKey], !name.isEmpty else {
            return nil
        }
        self.namespace = namespace
        self.name = name
    }

    /// As in `shop/web-0`.
    package var description: String { "\(namespace)/\(name)" }
}
