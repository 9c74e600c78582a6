import Foundation
import JSON
import TestSupport
import Testing

/// A network namespace in a guest, which plays a host or a container there.
struct GuestNamespace {
    private let guest: Guest
    private let name = "n\(UInt32.random(in: 0 ... .max))"

    /// What `CNI_NETNS` gets.
    var path: String { "/run/netns/\(name)" }

    /// Makes a namespace in the guest of the suite that is running.
    init() throws {
        guest = try #require(Guest.current)
        try Self.output(guest.run("ip netns add \(name) && ip -netns \(name) link set lo up"), of: "ip netns add")
    }

    /// Runs a shell command inside and returns what it prints.
    ///
    /// - Throws: what it said when it failed.
    @discardableResult
    func run(_ command: String) throws -> String {
        try Self.output(answer(to: command), of: command)
    }

    /// Runs a command that reports in JSON.
    func json(_ command: String) throws -> [JSONObject] {
        let text = try run(command)
        guard !text.allSatisfy(\.isWhitespace) else { return [] }
        return try JSONValue(parsing: text).array?.compactMap(\.object) ?? []
    }

    /// Whether an answer to a ping comes.
    func reaches(_ address: String, within seconds: Int = 10) throws -> Bool {
        try answer(to: "ping -c 1 -W \(seconds) \(address)").status == 0
    }

    /// Runs a verb of a plugin inside.
    func run(_ verb: String, _ call: PluginCall) throws -> PluginOutcome {
        let variables = call.variables(verb).compactMap { name, value in value.map { "\(name)='\($0)'" } }
        let input = String(decoding: call.configuration.serialized(), as: UTF8.self)
        let answer = try answer(
            to: "env \(variables.joined(separator: " ")) \(call.directory)/\(call.plugin) <<'END'\n\(input)\nEND")
        return PluginOutcome(
            ending: .exited(answer.status), output: answer.output, errorOutput: answer.errorOutput)
    }

    private func answer(to command: String) throws -> Guest.Answer {
        try guest.run("nsenter --net=\(path) /bin/sh -eu <<'SCRIPT'\n\(command)\nSCRIPT")
    }

    @discardableResult
    private static func output(_ answer: Guest.Answer, of command: String) throws -> String {
        let output = String(decoding: answer.output, as: UTF8.self)
        guard answer.status == 0 else {
            let said = output + String(decoding: answer.errorOutput, as: UTF8.self)
            throw CommandFailure(description: "\(command): \(said)")
        }
        return output
    }
}
