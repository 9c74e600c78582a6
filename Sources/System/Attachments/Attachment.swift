/// One interface of one container in one network, which is what ADD makes and DEL removes, and whose things on the host are.
public struct Attachment: Hashable, Sendable {
    public var network: String
    public var containerID: String
    public var interfaceName: String

    public init(network: String, containerID: String, interfaceName: String) {
        self.network = network
        self.containerID = containerID
        self.interfaceName = interfaceName
    }
}
