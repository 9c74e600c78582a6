/// The kernel's number of a network interface, unique in its namespace.
package struct InterfaceIndex: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The number that no interface has; where one may be named, none, or in a dump all.
    package static let noInterface = InterfaceIndex(rawValue: 0)

    /// A number for a new link that hardly any link has, short enough for those who read it.
    static var unlikely: InterfaceIndex { InterfaceIndex(rawValue: .random(in: 4096...65535)) }
}
