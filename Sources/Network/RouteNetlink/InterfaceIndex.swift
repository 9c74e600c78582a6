/// The kernel's number of a network interface, unique in its namespace.
public struct InterfaceIndex: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }
}
