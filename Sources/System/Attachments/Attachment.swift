/// One interface of one container in one network, which is what ADD makes and DEL removes, and whose things on the host are.
package struct Attachment: Hashable, Sendable {
    package var network: String
    package var containerID: String
    package var interfaceName: String

    package init(network: String, containerID: String, interfaceName: String) {
        self.network = network
        self.containerID = containerID
        self.interfaceName = interfaceName
    }
}
