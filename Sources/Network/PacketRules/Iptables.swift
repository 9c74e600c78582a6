import Addressing
import LinuxSystem

/// The programs iptables(8) and iptables-restore(8) of an address family, and one of their tables.
struct Iptables: Sendable {
    private let list: String
    private let restore: String
    private let table: Table
    private let endsOnSignals: Bool

    enum Table: String, Sendable {
        case nat
        case filter
    }

    /// Looks the programs up in `PATH`, and where administrators' programs are.
    ///
    /// - Parameters:
    ///   - family: of the addresses.
    ///   - table: what is read and changed.
    ///   - endsOnSignals: whether a signal that asks this process to end ends the wait for a program, as it ends an ADD; its
    ///     undoing goes on.
    /// - Throws: `ENOENT`.
    init(_ family: AddressFamily, _ table: Table = .nat, endsOnSignals: Bool = false) throws(SystemError) {
        self.table = table
        self.endsOnSignals = endsOnSignals
        let name = family == .v4 ? "iptables" : "ip6tables"
        list = try Self.find(name)
        restore = try Self.find("\(name)-restore")
    }

    private static func find(_ program: String) throws(SystemError) -> String {
        let path = (ProcessEnvironment.value(of: "PATH") ?? "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
        for directory in path.split(separator: ":") {
            let candidate = "\(directory)/\(program)"
            if File.isRegular(candidate) { return candidate }
        }
        throw SystemError("find program", program, .noSuchFile)
    }

    /// The chains and rules of the table, each as the arguments that make it: `-N CHAIN`, `-A CHAIN …`.
    ///
    /// - Throws: what the program refused; `EINTR` when a signal ended it.
    func rules() throws(SystemError) -> [String] {
        let output = try run(list, ["-w", Self.patience, "-t", table.rawValue, "-S"])
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Makes all changes or none; each as iptables-restore(8) reads it.
    ///
    /// - Throws: as `rules` does; whether the changes are made is not known then.
    func change(_ lines: [String]) throws(SystemError) {
        let document = (["*\(table.rawValue)"] + lines + ["COMMIT", ""]).joined(separator: "\n")
        _ = try run(restore, ["-w", Self.patience, "--noflush"], input: Array(document.utf8))
    }

    /// Seconds to wait for others who hold the lock of iptables-legacy.
    private static let patience = "30"

    private func run(
        _ program: String, _ arguments: [String], input: [UInt8] = []
    ) throws(SystemError) -> [UInt8] {
        let child = try Subprocess.run(
            program, arguments, environment: ProcessEnvironment.entries(replacing: [:]), input: input,
            passesSignalsOn: endsOnSignals, endsWithCaller: true)
        guard child.ending == .exited(0) else {
            if endsOnSignals { try Interruption.check() }
            let words = String(decoding: child.errorOutput, as: UTF8.self).split(separator: "\n").joined(separator: " ")
            throw SystemError(
                "run", program, child.ending == Self.lockTimeout ? .wouldBlock : .invalidArgument,
                explanation: "\(child.ending): \(words)")
        }
        return child.output
    }

    /// `RESOURCE_PROBLEM` of iptables' xtables.h.
    private static let lockTimeout = Subprocess.Ending.exited(4)
}
