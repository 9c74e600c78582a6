public import JSON

/// One interface of one container, which is what ADD makes and DEL removes.
public struct Attachment: Hashable, Sendable {
    public var containerID: String
    public var interfaceName: String

    public init(containerID: String, interfaceName: String) {
        self.containerID = containerID
        self.interfaceName = interfaceName
    }
}

extension Attachment: JSONReadable {
    /// Reads an entry of `cni.dev/valid-attachments`.
    public init(reading reader: JSONReader) throws(JSONError) {
        containerID = try reader.required("containerID")
        interfaceName = try reader.required("ifname")
    }
}
