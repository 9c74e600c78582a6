import TestSupport
import Testing

/// A network namespace in a guest, which plays a host or a container there.
struct GuestNamespace: TestMachine {
    private let guest: Guest
    private let name = "n\(UInt32.random(in: 0 ... .max))"

    /// What `CNI_NETNS` gets.
    var path: String { "/run/netns/\(name)" }

    /// Makes a namespace in the guest of the suite that is running.
    init() throws {
        guest = try #require(Guest.current)
        let made = try guest.run("ip netns add \(name) && ip -netns \(name) link set lo up")
        guard made.succeeded else { throw CommandFailure(description: "ip netns add: \(made.errorOutput)") }
    }

    /// Variables and input are text; a line break goes behind the input.
    func outcome(
        of words: [String], _ variables: [String: String?] = [:], input: [UInt8] = []
    ) throws -> PluginOutcome {
        let environment = variables.map { name, value in
            value.map { "export \(name)=\(Self.quoted($0))" } ?? "unset \(name)"
        }
        // By way of a shell: busybox's own programs prefer its ip to the one that is installed.
        let commands = environment + ["exec \(words.map(Self.quoted).joined(separator: " "))"]
        return try guest.run(
            """
            nsenter --net=\(path) /bin/sh -c \(Self.quoted(commands.joined(separator: "; "))) <<'INPUT'
            \(String(decoding: input, as: UTF8.self))
            INPUT
            """)
    }

    /// Whether an answer to a ping comes.
    func reaches(_ address: String, within seconds: Int = 10) throws -> Bool {
        try outcome(of: ["ping", "-c", "1", "-W", "\(seconds)", address]).succeeded
    }

    /// As one word of a shell's.
    private static func quoted(_ text: String) -> String {
        "'\(text.replacing("'", with: "'\\''"))'"
    }
}
