import Glibc
import JSON
import LinuxSystem
import TestSupport
import Testing

/// SIGTERM and SIGINT end an ADD wherever it waits, and what it has done by then is undone.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeInterruptionTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        network.more = ["isDefaultGateway": true, "ipMasq": true]
        container = try TestContainer()
    }

    /// Adds the container with an IPAM plugin of a few lines, whose caller is the plugin that gets the signal.
    private mutating func add(askingIPAM script: String, behind launcher: [String] = []) throws -> PluginOutcome {
        let directories = try network.useIPAM(script)
        var call = network.call(container)
        call.moreDirectories = directories
        call.launcher = launcher
        return try call.run("ADD", on: network.host)
    }

    /// Lines of an IPAM plugin: an answer, and a signal once the container has the address of it.
    private static func answer(_ address: String, _ state: String = "") -> String {
        """
        cat >/dev/null; [ $CNI_COMMAND = ADD ] || exit 0
        signal() {
            until nsenter --net=$CNI_NETNS ip -o address show dev eth0 \(state) | grep -qF \(address); do
                kill -0 $PPID || exit 0
            done
            kill -TERM $PPID
        }
        echo '{"ips": [{"address": "\(address)"}]}'
        """
    }

    private func expectInterrupted(_ added: PluginOutcome, by signal: String = "TERM") throws {
        #expect(added.errorCode == 11, "\(added.output)")
        #expect(added.errorMessage?.contains("SIG\(signal) received") == true, "\(added.output)")
        #expect(try network.isClean())
        #expect(try container.link("eth0") == nil)
    }

    @Test(arguments: ["TERM", "INT"])
    mutating func undoesWhatIsHalfDone(signal: String) throws {
        // IPAM works as usual, and the signal arrives at the plugin that waits for it.
        let added = try add(
            askingIPAM: """
                [ $CNI_COMMAND = ADD ] && kill -\(signal) $PPID
                trap '' TERM
                \(Executables.own)/host-local
                """)
        try expectInterrupted(added, by: signal)
    }

    @Test(arguments: ["TERM", "INT"])
    func endsTheWaitForTheConfiguration(signal: String) throws {
        // The plugin's standard input is a pipe that nobody writes to as long as the plugin lives. It is told to end when
        // it holds both signals back, which it does before it reads: a shell has those that it starts ignore SIGINT.
        let script = """
            mkfifo "$0/input"; sleep 1000 > "$0/input" & writer=$!
            "$1" < "$0/input" & plugin=$!
            until grep -q '^SigBlk:.*4002$' /proc/$plugin/status; do kill -0 $plugin || break; done
            kill -\(signal) $plugin; wait $plugin; status=$?
            kill $writer; exit $status
            """
        let environment = ProcessEnvironment.entries(replacing: network.call(container).variables("ADD"))
        let words = ["-c", script, network.host.directory.path, "\(Executables.own)/bridge"]
        let child = try network.host.namespace.run { () throws(SystemError) in
            try Subprocess.run("/bin/sh", words, environment: environment)
        }
        try expectInterrupted(PluginOutcome(child), by: signal)
    }

    /// An IPAM plugin that does not listen to signals.
    @Test(arguments: ["TERM", "INT"])
    mutating func endsTheWaitForIPAM(signal: String) throws {
        let added = try add(
            askingIPAM: """
                cat >/dev/null; [ $CNI_COMMAND = ADD ] || exit 0
                trap '' TERM INT; kill -\(signal) $PPID; exec sleep 1000
                """)
        try expectInterrupted(added, by: signal)
    }

    /// It has answered and goes on, when there is nothing else left to do.
    @Test mutating func endsTheWaitForTheEndOfIPAM() throws {
        let script = Self.answer("10.1.2.2/24") + "\nexec >&- 2>&-; trap '' TERM; signal; exec sleep 1000"
        try expectInterrupted(add(askingIPAM: script))
    }

    @Test mutating func endsTheWaitForWhoeverDecidesAboutGateways() throws {
        let lock = try network.host.namespace.run { () throws(SystemError) in
            try FileLock.ofNetworkNamespace(.gateways, timeout: 0)
        }
        let added = try add(askingIPAM: Self.answer("10.1.2.2/24") + "\n(signal) >/dev/null 2>&1 &")
        try expectInterrupted(added)
        _ = consume lock
    }

    @Test mutating func endsTheWaitForDuplicateAddressDetection() throws {
        // The kernel asks for a minute.
        try container.run("sysctl", "-qw", "net.ipv6.conf.default.dad_transmits=60")
        network.more = ["enabledad": true]
        let added = try add(askingIPAM: Self.answer("fd00:1::2/64", "tentative") + "\n(signal) >/dev/null 2>&1 &")
        try expectInterrupted(added)
    }

    /// Somebody else holds the lock of iptables, which gives up some time.
    @Test mutating func endsTheWaitForIptables() throws {
        network.more["ipMasqBackend"] = "iptables"
        let programs = "\(network.host.directory.path)/sbin"
        let path = try network.host.directory.write("xtables.lock", "")
        let lock = try FileLock(FileDescriptor.open(path, O_RDONLY), path: path, timeout: 0)
        let rest = "/usr/sbin:/usr/bin:/sbin:/bin"
        // The first waits, those that undo do not.
        try network.host.directory.writeExecutable(
            "sbin/iptables",
            """
            #!/bin/sh
            if mkdir \(programs)/waiting 2>/dev/null; then
                kill -TERM $PPID
                exec flock --timeout 20 --conflict-exit-code 4 \(path) true
            fi
            PATH=\(rest) exec iptables "$@"
            """)
        try network.host.directory.writeExecutable("sbin/iptables-restore", "#!/bin/sh\nexit 1\n")
        let added = try add(
            askingIPAM: Self.answer("10.1.2.2/24"), behind: ["/usr/bin/env", "PATH=\(programs):\(rest)"])
        try expectInterrupted(added)
        _ = consume lock
    }
}
