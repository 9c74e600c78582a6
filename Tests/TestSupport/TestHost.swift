import Foundation
package import LinuxSystem

/// A network namespace that plays a machine, with a folder for its files; both go with their owner.
package final class TestHost: TestMachine, Sendable {
    package let namespace: NetworkNamespace
    package let directory: TemporaryDirectory

    package init() throws {
        namespace = try NetworkNamespace.make()
        namespace.forgetMachine()
        directory = try TemporaryDirectory()
        try run("ip", "link", "set", "lo", "up")
    }

    /// Goes before a command that is to have the host's folder as `/run`, and `lib` in it as `/var/lib`.
    package var launcher: [String] {
        let script = #"mkdir -p "$0/lib" && mount --bind "$0/lib" /var/lib && mount --bind "$0" /run && exec "$@""#
        return [
            Executables.find("unshare") ?? "unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script,
            directory.path,
        ]
    }

    package func outcome(
        of words: [String], _ variables: [String: String?] = [:], input: [UInt8] = []
    ) throws -> PluginOutcome {
        try namespace.outcome(of: words, variables, input: input)
    }
}

/// A network namespace that plays a container.
package final class TestContainer: TestMachine, Sendable {
    package let namespace: NetworkNamespace
    /// What `CNI_NETNS` gets.
    package let path: String

    package init() throws {
        namespace = try NetworkNamespace.make()
        namespace.forgetMachine()
        path = namespace.path
    }

    package func outcome(
        of words: [String], _ variables: [String: String?] = [:], input: [UInt8] = []
    ) throws -> PluginOutcome {
        try namespace.outcome(of: words, variables, input: input)
    }

    /// Whether an answer to a ping comes, tried until it does; the deadline allows for a machine that is busy with other
    /// tests.
    ///
    /// - Parameters:
    ///   - address: who is to answer.
    ///   - bytes: of payload in a packet that may not be fragmented; nil for a packet as ping makes it.
    ///   - seconds: until the deadline.
    /// - Returns: false when none has come by then.
    package func reaches(_ address: String, bytes: Int? = nil, within seconds: Int = 10) -> Bool {
        let size = bytes.map { ["-M", "do", "-s", "\($0)"] } ?? []
        let arguments = size + ["-i", "0.2", "-w", "\(seconds)", "-c", "1", address]
        return (try? output(of: "ping", arguments)) != nil
    }
}

extension NetworkNamespace {
    /// Sets what a new namespace takes over from the machine that tests run on: it forwards nothing, and has IPv6.
    fileprivate borrowing func forgetMachine() {
        let parameters = [
            ("net/ipv4/ip_forward", "0"), ("net/ipv6/conf/all/forwarding", "0"),
            ("net/ipv6/conf/default/forwarding", "0"),
            ("net/ipv6/conf/all/disable_ipv6", "0"), ("net/ipv6/conf/default/disable_ipv6", "0"),
        ]
        try? run { () throws(SystemError) in
            for (name, value) in parameters { try? Sysctl.set(name, to: value) }
        }
    }
}
