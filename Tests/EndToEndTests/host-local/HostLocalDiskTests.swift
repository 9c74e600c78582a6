import JSON
import LinuxSystem
import TestSupport
import Testing

/// File systems that are full, cannot be written to, or lack something.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct HostLocalDiskTests {
    /// Runs a script in a mount namespace of its own, with another file system mounted where the leases are.
    private func onDisk(
        _ network: LeaseNetwork, size: String = "16m", at folder: String = "", _ script: String
    ) throws -> PluginOutcome {
        let prelude = """
            set -u; conf=$(cat); cd \(network.files.path); mkdir -p ./\(folder)
            mount -t tmpfs -o size=\(size) none ./\(folder)
            cd \(network.files.path)
            run() { printf '%s' "$conf" | env CNI_COMMAND=$1 CNI_CONTAINERID=$2 \(network.directory)/host-local; }
            leases() { ls \(network.files.path)/mynet | grep -c '^10' || true; }

            """
        return try ThisMachine().outcome(
            of: ["unshare", "-m", "sh", "-c", prelude + script],
            ["CNI_IFNAME": "eth0", "CNI_NETNS": network.namespacePath, "CNI_PATH": network.directory],
            input: network.configuration.serialized())
    }

    @Test func leavesNothingHalfMadeOnAFullDisk() throws {
        let network = try LeaseNetwork(["subnet": "10.1.0.0/16"])
        let outcome = try onDisk(
            network, size: "256k",
            """
            n=0; while out=$(run ADD c$n); do n=$((n + 1)); done
            echo "$out"; [ $n = $(leases) ] || echo "$n answers, $(leases) leases"
            find \(network.files.path)/mynet -name '10.*' -size 0
            run CHECK c0; run DEL c0; run DEL c1; run DEL c2; run DEL c3; [ $((n - 4)) = $(leases) ] || echo lost
            run ADD again >/dev/null || echo no room
            """)
        let error = try JSONValue(parsing: outcome.output)
        #expect(error.object?["code"] == 5, "\(outcome.output)\(outcome.errorOutput)")
        #expect(error.object?["msg"]?.string?.hasSuffix("No space left on device") == true)
    }

    @Test func saysThatTheDiskIsReadOnly() throws {
        let network = try LeaseNetwork(["subnet": "10.1.0.0/16"])
        let outcome = try onDisk(
            network, size: "256k",
            """
            run ADD c1 >/dev/null; mount -o remount,ro \(network.files.path)
            run CHECK c1 || exit 1
            run ADD c2
            """)
        #expect(outcome.errorCode == 5, "\(outcome.output)\(outcome.errorOutput)")
        #expect(outcome.errorMessage?.contains(network.files.path) == true)
        #expect(outcome.errorMessage?.hasSuffix("Read-only file system") == true)
    }

    /// The directory of the network on a file system of its own, by a mount or by a link.
    @Test(arguments: ["mynet", "elsewhere"])
    func leasesOnAnotherFileSystem(folder: String) throws {
        let network = try LeaseNetwork(["subnet": "10.1.0.0/16"])
        let outcome = try onDisk(
            network, at: folder,
            """
            [ -d mynet ] || ln -s elsewhere mynet
            for n in 1 2 3 4 5 6 7 8 9; do run ADD c$n >added || cat added; done
            ls -l mynet/* | sed 's/ .*//' | uniq -c | tr -s ' '; cat mynet/10.1.0.2; echo; cat mynet/last_reserved_ip.0
            echo; run CHECK c1; run DEL c1; run DEL c2; ls mynet; cat mynet/last_reserved_ip.0; ls .mynet
            """)
        #expect(
            outcome.output == """
                 10 -rw-------
                 1 -rwxr-x---
                c1\r\neth0
                10.1.0.10
                10.1.0.10
                10.1.0.4
                10.1.0.5
                10.1.0.6
                10.1.0.7
                10.1.0.8
                10.1.0.9
                last_reserved_ip.0
                lock
                10.1.0.10index

                """)
        #expect(outcome.errorOutput.isEmpty)
    }

    /// The proof of life is of the file as it is, although that was not the one that was drawn up.
    @Test(.enabled(if: LeaseNetwork.isOnKnownMachine))
    func reclaimsOnAnotherFileSystem() throws {
        let network = try LeaseNetwork(["subnet": "10.1.0.0/30"])
        let outcome = try onDisk(
            network, at: "mynet",
            """
            run ADD c1 >/dev/null
            mount --bind /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id
            run ADD c2 >/dev/null; cat mynet/10.1.0.2
            """)
        #expect(outcome.output == "c2\r\neth0", "\(outcome.errorOutput)")
    }

    /// Nothing beside the leases can be written: there is neither a draft nor an index.
    @Test func leasesWhereNothingElseCanBeKept() throws {
        let network = try LeaseNetwork(["subnet": "10.1.0.0/16"])
        let outcome = try onDisk(
            network, at: "mynet",
            """
            mount --rbind . . && cd \(network.files.path) && mount -o remount,bind,ro .
            for n in 1 2 3; do run ADD c$n >/dev/null; done
            run CHECK c2; run DEL c2; ls mynet; ls -A
            """)
        #expect(
            outcome.output == """
                10.1.0.2
                10.1.0.4
                last_reserved_ip.0
                lock
                mynet

                """, "\(outcome.errorOutput)")
    }

    /// A file system without links, whatever its word for that is.
    @Test(.enabled(if: Executables.find("strace") != nil), arguments: ["EPERM", "EOPNOTSUPP", "EMLINK", "ENOSYS"])
    func leasesWithoutLinks(error: String) throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let strace = try #require(Executables.find("strace"))
        let fault = [strace, "-o", "/dev/null", "-e", "inject=linkat:error=\(error)"]
        #expect(try network.run("ADD", "c1", behind: fault).addresses == ["10.1.2.2/24"])
        #expect(try network.run("ADD", "c2", behind: fault).addresses == ["10.1.2.3/24"])
        #expect(network.lease("10.1.2.3") == "c2\r\neth0")
        #expect(try network.run("DEL", "c1").succeeded)
        #expect(network.leased == ["10.1.2.3"])
        #expect(network.files.names(in: ".mynet") == ["index"])
    }

    /// Blocks of 512 bytes: the index does not fit, and of what is remembered of pods only some.
    @Test(arguments: [1, 200, 50_000])
    func leasesWithASmallLimitOfFileSize(blocks: Int) throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/24", "sticky": true, "warnAtPercent": 1])
        let limit = ["/bin/sh", "-c", #"ulimit -f \#(blocks); exec "$0""#]
        for number in 2...9 {
            network.arguments = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-\(number)"
            let added = try network.run("ADD", "c\(number)", behind: limit)
            #expect(added.addresses == ["10.1.2.\(number)/24"], "\(added.output)")
        }
        network.arguments = nil
        #expect(network.leased.count == 8)
        #expect(try network.run("STATUS", behind: limit).succeeded)
        #expect(try network.run("CHECK", "c5", behind: limit).succeeded)
        #expect(try network.run("DEL", "c5", behind: limit).succeeded)
        #expect(try network.run("ADD", "c6", behind: limit).errorCode == 999)
        #expect(try network.keeping(["c2", "c3"]).run("GC", behind: limit).succeeded)
        #expect(network.leased == ["10.1.2.2", "10.1.2.3"])
    }

    @Test func saysThatNoFileMayBeWritten() throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let added = try network.run("ADD", behind: ["/bin/sh", "-c", #"ulimit -f 0; exec "$0""#])
        #expect(added.errorCode == 5)
        #expect(added.errorMessage?.hasSuffix("mynet/10.1.2.2: File too large") == true)
        #expect(network.leased.isEmpty)
    }
}
