/// One thing that the tool does.
protocol Subcommand {
    static var name: String { get }
    /// What follows the name: `[-i IFNAME] NET NETNS`.
    static var parameters: String { get }
    /// One line for the help text.
    static var purpose: String { get }

    /// - Throws: `UsageError` for arguments that do not fit; anything else for what went wrong.
    static func run(_ arguments: inout Arguments) throws
}
