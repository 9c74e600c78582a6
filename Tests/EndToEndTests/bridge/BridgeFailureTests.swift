import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// An ADD that fails, wherever it fails, leaves nothing; a DEL removes everything, whatever is missing.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeFailureTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        network.more = ["isDefaultGateway": true, "ipMasq": true]
        container = try TestContainer()
    }

    private func expectNothingLeft() throws {
        #expect(try network.isClean())
        #expect(try container.link("eth0") == nil)
    }

    @Test mutating func passesAnErrorOfIPAMOnUnchanged() throws {
        let directories = try network.useIPAM(
            #"cat >/dev/null; echo '{"code": 107, "msg": "no more", "details": "try the other shop"}'; exit 1"#)
        var call = network.call(container)
        call.moreDirectories = directories
        let added = try call.run("ADD", on: network.host)
        #expect(added.errorCode == 107)
        #expect(added.errorMessage == "no more")
        #expect(added.json.object?["details"] == "try the other shop")
        try expectNothingLeft()
    }

    /// Which interface has them is this plugin's to say.
    @Test(arguments: ["0", "7", "-1", "18446744073709551615", "null"])
    mutating func addressesAreTheContainersWhicheverInterfaceIPAMNames(interface: String) throws {
        let directories = try network.useIPAM(
            #"""
            cat >/dev/null
            [ $CNI_COMMAND != ADD ] ||
                echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.9/24", "interface": \#(interface)}]}'
            """#)
        var call = network.call(container)
        call.moreDirectories = directories
        let added = try call.run("ADD", on: network.host)
        if added.succeeded {
            let address = added.json.object?["ips"]?.array?.first?.object
            #expect(address?["interface"] == 2)
            #expect(try container.run("ip", "-br", "address", "show", "eth0").contains("10.1.2.9/24"))
        } else {
            #expect(added.errorCode == 6, "\(added.output)")
            #expect(try container.link("eth0") == nil)
        }
        #expect(try call.run("DEL", on: network.host).succeeded)
        try expectNothingLeft()
    }

    struct BadIPAM: Sendable {
        var script: String
        var code: Int
        var message: String
    }

    @Test(arguments: [
        BadIPAM(script: "exit 3", code: 0, message: "netplugin failed with no error message: exit status 3"),
        BadIPAM(script: "echo oh no >&2; exit 3", code: 0, message: #"netplugin failed: "oh no\n": exit status 3"#),
        BadIPAM(
            script: "echo bananas; exit 3", code: 0,
            message: #"netplugin failed but error parsing its diagnostic message "bananas\n""#),
        BadIPAM(script: "kill -9 $$", code: 0, message: "netplugin failed with no error message: signal 9"),
        BadIPAM(script: "echo bananas", code: 6, message: "result of test-ipam: "),
        BadIPAM(script: "true", code: 6, message: "result of test-ipam: unexpected end of JSON input"),
        BadIPAM(script: "echo '{}'", code: 999, message: "IPAM plugin returned missing IP config"),
        BadIPAM(
            script: #"echo '{"ips": [{"address": "10.1.2.300/24"}]}'"#, code: 6,
            message: "result of test-ipam: ips[0].address: expected an address"),
        BadIPAM(
            script:
                #"echo '{"ips": [{"address": "10.1.2.2/24"}], "routes": [{"dst": "10.0.0.0/8", "gw": "203.0.113.1"}]}'"#,
            code: 999, message: "add route 10.0.0.0/8 via 203.0.113.1: "),
    ])
    mutating func survivesBadIPAM(ipam: BadIPAM) throws {
        network.more = [:]
        var call = network.call(container)
        call.moreDirectories = try network.useIPAM("cat >/dev/null; test $CNI_COMMAND = ADD || exit 0; \(ipam.script)")
        call.configuration = network.configuration
        let added = try call.run("ADD", on: network.host)
        #expect(added.errorCode == ipam.code, "\(added.output)")
        #expect(added.errorMessage?.hasPrefix(ipam.message) == true, "\(added.output)")
        try expectNothingLeft()
    }

    @Test mutating func releasesTheAddressWhenALaterStepFails() throws {
        // Another network's address is on the bridge, which is found out after IPAM has given one.
        try network.host.run("ip", "link", "add", "bridge0", "type", "bridge")
        try network.host.run("ip", "address", "add", "10.9.9.1/24", "dev", "bridge0")
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.errorMessage?.contains("10.9.9.1/24") == true)
        try expectNothingLeft()
    }

    @Test mutating func tellsIPAMWhenMasqueradeFails() throws {
        // A table of this name that does not belong to us in form makes the kernel refuse ours.
        try network.host.run("nft", "add", "table", "inet", "cni_bridge")
        try network.host.run(
            "nft", "add", "map", "inet", "cni_bridge", "masquerade4", "{ type inet_service : verdict; }")
        let before = try network.host.ruleset()
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(!added.succeeded)
        #expect(try network.host.ruleset() == before)
        #expect(network.leasedAddresses.isEmpty)
        #expect(try network.host.linkNames() == ["bridge0", "lo"])
    }

    @Test mutating func leavesAnInterfaceOfTheSameNameAlone() throws {
        try container.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other")
        let before = try container.link("eth0")?["address"]
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.errorMessage?.hasPrefix("create interface eth0: File exists") == true, "\(added.output)")
        #expect(try container.link("eth0")?["address"] == before)
        #expect(try network.isClean())
    }

    @Test mutating func addingTwiceLeavesTheFirstAsItWas() throws {
        let first = try network.call(container).run("ADD", on: network.host)
        let rules = try network.host.ruleset()
        let second = try network.call(container).run("ADD", on: network.host)
        #expect(second.errorMessage?.hasPrefix("create interface eth0: File exists") == true, "\(second.output)")
        #expect(network.leasedAddresses == ["10.1.2.2"])
        #expect(try network.host.ruleset() == rules)
        #expect(container.reaches("10.1.2.1"))
        #expect(try network.call(container).after(first).run("CHECK", on: network.host).succeeded)
    }

    @Test(arguments: ["/nowhere/at/all", "/etc/passwd", "/proc/self/ns/uts"])
    mutating func refusesAPathThatIsNoNamespace(path: String) throws {
        var call = network.call(nil)
        call.namespacePath = path
        let added = try call.run("ADD", on: network.host)
        #expect(added.errorCode == 8)
        #expect(try network.isClean())
        #expect(try call.run("DEL", on: network.host).succeeded)
    }

    @Test mutating func aNamespaceThatEndsMidwayLeavesNothing() throws {
        // IPAM deletes the interface, as the kernel does when the namespace ends.
        let directories = try network.useIPAM(
            """
            cat >/dev/null
            if [ $CNI_COMMAND = ADD ]; then
                nsenter --net=$CNI_NETNS ip link delete $CNI_IFNAME
                echo '{"ips": [{"address": "10.1.2.2/24"}]}'
            fi
            """)
        var call = network.call(container)
        call.moreDirectories = directories
        #expect(try !call.run("ADD", on: network.host).succeeded)
        try expectNothingLeft()
    }

    @Test mutating func anIPAMThatNeverEndsIsEnded() throws {
        var call = network.call(container)
        call.moreDirectories = try network.useIPAM(
            #"""
            cat >/dev/null; [ $CNI_COMMAND = ADD ] || exit 0
            echo '{"ips": [{"address": "10.1.2.2/24"}]}'; exec >&- 2>&-; exec sleep 1000
            """#)
        call.configuration = network.configuration
        let added = try call.run("ADD", on: network.host)
        #expect(added.errorMessage?.contains("signal 9") == true, "\(added.output)")
        try expectNothingLeft()
    }

    @Test mutating func isNoIPAMForItself() throws {
        network.ipamMore["type"] = "bridge"
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.errorCode == 7, "\(added.output)")
        #expect(added.errorMessage == "plugin \"bridge\" cannot leave its work to itself")
        try expectNothingLeft()
    }

    /// By the time IPAM hears that an address is free, nobody answers for it any more.
    @Test(arguments: [true, false])
    mutating func addressesAreGivenBackWhenTheirInterfaceIsDown(hasFailed: Bool) throws {
        let directories = try network.useIPAM(
            """
            cat >/dev/null
            case $CNI_COMMAND in
                ADD) echo '{"ips": [{"address": "10.1.2.2/24"}]}' ;;
                DEL) ip -o link show up type veth > \(network.host.directory.path)/up ;;
            esac
            """)
        if hasFailed {
            // Found out after the container has its address.
            try network.host.run("ip", "link", "add", "bridge0", "type", "bridge")
            try network.host.run("ip", "address", "add", "10.9.9.1/24", "dev", "bridge0")
        }
        var call = network.call(container)
        call.moreDirectories = directories
        let added = try call.run("ADD", on: network.host)
        #expect(added.succeeded != hasFailed, "\(added.output)")
        if !hasFailed { #expect(try call.run("DEL", on: network.host).succeeded) }
        #expect(network.host.directory.contents("up") == "")
        try expectNothingLeft()
    }

    /// Neither the container nor a previous result, which may be another's, says what was masqueraded.
    @Test(arguments: ["nftables", "iptables"], [true, false])
    mutating func masqueradeGoesWhateverTheAddressesAreNow(backend: String, isMisled: Bool) throws {
        network.more["ipMasq"] = true
        network.more["ipMasqBackend"] = .string(backend)
        let before = try network.host.ruleset()
        let other = try TestContainer()
        let others = try network.call(other, id: "cid2").run("ADD", on: network.host)
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        try container.run("ip", "address", "flush", "dev", "eth0")
        try container.run("ip", "address", "add", "10.1.2.77/24", "dev", "eth0")
        let call = isMisled ? network.call(container).after(others) : network.call(container)
        #expect(try call.run("DEL", on: network.host).succeeded)
        // nft does not show the comments of iptables.
        let rules =
            try backend == "nftables" ? network.host.ruleset() : network.host.run("iptables", "-t", "nat", "-S")
        #expect(!rules.contains("cid1") && rules.contains("cid2"), "\(rules)")
        #expect(try network.call(other, id: "cid2").run("DEL", on: network.host).succeeded)
        if backend == "nftables" { #expect(try network.host.ruleset() == before) }
    }

    /// By the time a runtime sends it again, the path may be another container's.
    @Test(arguments: [true, false])
    mutating func aLateDeletionLeavesTheInterfaceOfAnotherContainer(isKnown: Bool) throws {
        let first = try network.call(container).run("ADD", on: network.host)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        let added = try network.call(container, id: "cid2").run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        let rules = try network.host.ruleset()
        let late = isKnown ? network.call(container).after(first) : network.call(container)
        #expect(try late.run("DEL", on: network.host).succeeded)
        #expect(container.reaches("10.1.2.1"))
        #expect(try network.host.ruleset() == rules)
        #expect(network.leasedAddresses == added.addresses.map { String($0.dropLast(3)) })
    }

    @Test mutating func aResultThatNobodyReadsIsUndone() throws {
        var call = network.call(container)
        call.launcher = ["sh", "-c", #""$0" >&-"#]
        #expect(try call.run("ADD", on: network.host).ending == .exited(1))
        try expectNothingLeft()
    }

    struct Loss: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var withoutNamespace = false
        var withPrevious = true
        var ruin: @Sendable (BridgeNetwork, TestContainer) throws -> Void = { _, _ in }
    }

    static let losses = [
        Loss(testDescription: "nothing"),
        Loss(testDescription: "the previous result", withPrevious: false),
        Loss(testDescription: "the namespace", withoutNamespace: true),
        Loss(testDescription: "the namespace and the previous result", withoutNamespace: true, withPrevious: false),
        Loss(testDescription: "the interface") { _, container in
            try container.run("ip", "link", "delete", "eth0")
        },
        Loss(testDescription: "the interface and the previous result", withPrevious: false) { _, container in
            try container.run("ip", "link", "delete", "eth0")
        },
        Loss(testDescription: "the address", withPrevious: false) { _, container in
            try container.run("ip", "address", "flush", "dev", "eth0")
        },
        Loss(testDescription: "the lease") { network, _ in
            try FileManager.default.removeItem(atPath: "\(network.leases)/net1/10.1.2.2")
        },
        Loss(testDescription: "the rules") { network, _ in try network.host.run("nft", "flush", "ruleset") },
        Loss(testDescription: "the bridge") { network, _ in try network.host.run("ip", "link", "delete", "bridge0") },
    ]

    @Test(arguments: losses)
    mutating func deletesWhatIsLeftAfterALossOf(loss: Loss) throws {
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded)
        try loss.ruin(network, container)
        var call = network.call(loss.withoutNamespace ? nil : container)
        if loss.withPrevious { call = call.after(added) }
        let deleted = try call.run("DEL", on: network.host)
        #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        try expectNothingLeft()
        #expect(try call.run("DEL", on: network.host).succeeded)
    }

    @Test mutating func goesOnWhenIPAMCannotDelete() throws {
        let directories = try network.useIPAM(
            #"if [ $CNI_COMMAND = DEL ]; then echo '{"code": 5, "msg": "disk on fire"}'; exit 1; fi; exec "#
                + "\(Executables.own)/host-local")
        var call = network.call(container)
        call.moreDirectories = directories
        #expect(try call.run("ADD", on: network.host).succeeded)
        let deleted = try call.run("DEL", on: network.host)
        #expect(deleted.errorCode == 5)
        #expect(deleted.errorMessage == "disk on fire")
        #expect(try container.link("eth0") == nil)
        #expect(try network.host.ruleset().isEmpty)
        #expect(network.leasedAddresses == ["10.1.2.2"])
    }

    @Test(arguments: [["ipam": "host-local"], ["ipam": ["type": "no-such-plugin"]]] as [JSONObject])
    mutating func deletesTheInterfaceWhateverBecameOfTheConfiguration(change: JSONObject) throws {
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded)
        for member in change.members { network.more[member.name] = member.value }
        let deleted = try network.call(container).after(added).run("DEL", on: network.host)
        #expect(deleted.errorCode == 7, "\(deleted.output)")
        #expect(try container.link("eth0") == nil)
        #expect(try network.host.ruleset().isEmpty)
    }

    @Test mutating func leavesOtherContainersInPeace() throws {
        let other = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)
        var second = network.call(other, id: "cid2")
        second.interfaceName = "eth1"
        #expect(try second.run("ADD", on: network.host).succeeded)
        #expect(try network.call(other, id: "cid2").run("DEL", on: network.host).succeeded)
        #expect(network.leasedAddresses == ["10.1.2.2", "10.1.2.4"])
        let rules = try network.host.ruleset()
        #expect(rules.contains("10.1.2.2 ") && !rules.contains("10.1.2.3 ") && rules.contains("10.1.2.4 "))
        #expect(container.reaches("10.1.2.4"))
    }

    @Test mutating func garbageIsCollectedAndValidAttachmentsStay() throws {
        network.version = "1.1.0"
        let other = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)

        // A runtime that sends no list knows of nothing that is stale.
        #expect(try network.call(nil).run("GC", on: network.host).succeeded)
        #expect(network.leasedAddresses == ["10.1.2.2", "10.1.2.3"])

        network.more["cni.dev/valid-attachments"] = [["containerID": "cid2", "ifname": "eth0"]]
        let collected = try network.call(nil).run("GC", on: network.host)
        #expect(collected.succeeded && collected.output.isEmpty, "\(collected.output)")
        #expect(try container.link("eth0") == nil)
        #expect(network.leasedAddresses == ["10.1.2.3"])
        #expect(other.reaches("10.1.2.1"))
        #expect(try !network.host.ruleset().contains("10.1.2.2 "))

        network.more["cni.dev/valid-attachments"] = []
        #expect(try network.call(nil).run("GC", on: network.host).succeeded)
        #expect(try network.isClean())
    }
}
