import JSON
import LinuxSystem
import TestSupport
import Testing

/// A device of the host's in a container, and back; the end of a veth pair plays it.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct HostDeviceTests {
    var network: InterfaceNetwork
    let container: TestContainer
    static let mac = "02:00:00:00:00:77"

    init() throws {
        network = try InterfaceNetwork("host-device", ["device": "port0", "ipam": nil])
        container = try TestContainer()
        try network.host.namespace.shell(
            """
            ip link add port0 address \(Self.mac) type veth peer name wire
            ip link set port0 up
            ip link set wire up
            ip address add 10.1.2.1/24 dev wire
            ip address add fd00:1::1/64 dev wire nodad
            """)
    }

    /// Has `/run` be the host's own, and if asked for, a folder of it be a part of `/sys`.
    private func call(_ id: String = "cid1", in container: TestContainer?, fake: String? = nil) -> PluginCall {
        var call = network.call(container, id: id)
        call.launcher = network.host.launcher
        if let fake {
            let script = #"mount --rbind "$0/sys" "\#(fake)" && exec "$@""#
            call.launcher += ["/bin/sh", "-c", script, network.host.directory.path]
        }
        return call
    }

    private func run(_ verb: String, after added: PluginOutcome? = nil) throws -> PluginOutcome {
        let call = added.map { self.call(in: container).after($0) } ?? self.call(in: container)
        return try call.run(verb, on: network.host)
    }

    private func add() throws -> PluginOutcome {
        let added = try run("ADD")
        try #require(added.succeeded, "\(added.output)\(added.errorOutput)")
        return added
    }

    private func port() throws -> JSONObject { try #require(try network.host.link("port0")) }

    private func isUp(_ link: JSONObject?) -> Bool { link?["flags"]?.array?.contains("UP") == true }

    /// The device is on the host as it was before.
    private func expectReturned() throws {
        #expect(try container.linkNames() == ["lo"])
        #expect(try network.host.linkNames() == ["lo", "port0", "wire"])
        #expect(try isUp(port()))
        #expect(try port()["ifalias"] == nil)
        #expect(try port()["address"]?.string == Self.mac)
        #expect(network.leasedAddresses.isEmpty)
        #expect(network.host.directory.names(in: "cni/host-device").isEmpty)
    }

    @Test(arguments: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func movesADeviceAndBack(version: String) throws {
        network.version = version
        let added = try add()
        #expect(added.interface(0)?["name"] == "eth0")
        #expect(added.interface(0)?["mac"]?.string == Self.mac)
        #expect(added.interface(0)?["sandbox"]?.string == container.path)
        #expect(added.addresses.isEmpty)
        let link = try container.link("eth0")
        #expect(isUp(link) && link?["address"]?.string == Self.mac)
        // How the reference remembers the name.
        #expect(link?["ifalias"] == "port0")
        #expect(try network.host.linkNames() == ["lo", "wire"])
        if version >= "0.4.0" {
            let checked = try run("CHECK", after: added)
            #expect(checked.succeeded, "\(checked.output)")
        }
        let deleted = try run("DEL")
        #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        try expectReturned()
        #expect(try run("DEL").succeeded)
        try expectReturned()
    }

    @Test(arguments: ["", "0.2.0", "0.3.1", "1.1.0"])
    mutating func givesItAddresses(version: String) throws {
        network.version = version
        network.ranges = InterfaceNetwork.dualStack
        network.more = ["device": "port0"]
        network.ipamMore["routes"] = [["dst": "0.0.0.0/0"]]
        let added = try add()
        for address in ["10.1.2.1", "fd00:1::1"] { #expect(container.reaches(address), "\(address)") }
        #expect(try container.run("ip", "route", "show", "default").hasPrefix("default via 10.1.2.1 dev eth0"))
        if version == "1.1.0" { #expect(try run("CHECK", after: added).succeeded) }
        #expect(try run("DEL").succeeded)
        try expectReturned()
    }

    @Test func aDeviceThatWasDownComesBackDown() throws {
        try network.host.run("ip", "link", "set", "port0", "down")
        _ = try add()
        #expect(try run("DEL").succeeded)
        #expect(try !isUp(port()))
    }

    @Test(arguments: ["port0", "eth0"])
    mutating func theContainerMayHaveAnInterfaceOfTheDevicesName(name: String) throws {
        try network.host.namespace.shell(
            "ip link set port0 down; ip link set port0 name \(name); ip link set \(name) up")
        try container.namespace.shell("ip link add eth0 type veth peer name other; ip link set eth0 up")
        network.more["device"] = .string(name)
        var call = call(in: container)
        call.interfaceName = "net1"
        let added = try call.run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try container.linkNames() == ["eth0", "lo", "net1", "other"])
        #expect(try isUp(container.link("eth0")))
        #expect(try call.run("DEL", on: network.host).succeeded)
        #expect(try container.linkNames() == ["eth0", "lo", "other"])
        #expect(try network.host.linkNames().contains(name))
    }

    @Test func aNameThatTheContainerHasLeavesTheDeviceOnTheHost() throws {
        try container.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other")
        let added = try run("ADD")
        #expect(added.errorMessage?.hasPrefix("create interface eth0: File exists") == true, "\(added.output)")
        #expect(try isUp(port()))
    }

    @Test func addingTwiceLeavesTheFirstAsItWas() throws {
        let added = try add()
        let second = try run("ADD")
        #expect(!second.succeeded)
        #expect(try run("CHECK", after: added).succeeded)
        let other = try TestContainer()
        let refused = try call("cid2", in: other).run("ADD", on: network.host)
        #expect(
            refused.errorMessage == "failed to find host device: device port0: there is none on this host",
            "\(refused.output)")
        #expect(refused.errorCode == 7)
    }

    @Test func aDeviceOfTheNameOnTheHostKeepsItInTheContainerUntilItIsGone() throws {
        _ = try add()
        try network.host.run("ip", "link", "add", "port0", "type", "veth", "peer", "name", "other")
        let refused = try run("DEL")
        #expect(refused.errorMessage?.contains("the host has another interface of its name, port0") == true)
        #expect(try isUp(container.link("eth0")))
        try network.host.run("ip", "link", "del", "port0")
        #expect(try run("DEL").succeeded)
        try expectReturned()
    }

    @Test func deleteFindsADeviceThatTheContainerRenamed() throws {
        _ = try add()
        try container.namespace.shell("ip link set eth0 down; ip link set eth0 name wan0")
        #expect(try run("DEL").succeeded)
        try expectReturned()
    }

    @Test func deleteLeavesWhatIsNotBorrowed() throws {
        try container.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "other")
        #expect(try run("DEL").succeeded)
        #expect(try container.linkNames() == ["eth0", "lo", "other"])
    }

    /// The kernel gives hardware back to the first namespace under the container's name for it; here a test plays it.
    @Test(arguments: ["ADD", "DEL", "GC"])
    func aDeviceWhoseNamespaceEndedGetsItsNameBack(verb: String) throws {
        _ = try add()
        try container.run("ip", "link", "set", "eth0", "netns", network.host.namespace.path)
        #expect(try network.host.linkNames() == ["eth0", "lo", "wire"])
        let other = try TestContainer()
        var call = call("cid2", in: verb == "ADD" ? other : nil)
        if verb == "GC" { call.configuration = network.configuration(keeping: []) }
        let outcome = try call.run(verb, on: network.host)
        #expect(outcome.succeeded, "\(outcome.output)")
        if verb == "ADD" {
            #expect(outcome.interface(0)?["mac"]?.string == Self.mac)
            #expect(try network.host.linkNames() == ["lo", "wire"])
        } else {
            try expectReturned()
        }
    }

    struct IPAMFailure: Sendable {
        var script: String
        var message: String
    }

    /// The reference leaves the device in the container.
    @Test(arguments: [
        IPAMFailure(script: #"echo '{"code": 107, "msg": "no more"}'; exit 1"#, message: "no more"),
        IPAMFailure(script: "echo '{}'", message: "IPAM plugin returned missing IP config"),
        IPAMFailure(
            script:
                #"echo '{"ips": [{"address": "10.1.2.2/24"}], "routes": [{"dst": "10.0.0.0/8", "gw": "203.0.113.1"}]}'"#,
            message: "add route 10.0.0.0/8 via 203.0.113.1: "),
    ])
    mutating func anAddThatFailsGivesTheDeviceBack(failure: IPAMFailure) throws {
        network.more = ["device": "port0"]
        let directories = try network.useIPAM("cat >/dev/null; [ $CNI_COMMAND = ADD ] || exit 0; \(failure.script)")
        var call = call(in: container)
        call.moreDirectories = directories
        let added = try call.run("ADD", on: network.host)
        #expect(added.errorMessage?.hasPrefix(failure.message) == true, "\(added.output)")
        try expectReturned()
    }

    @Test(
        arguments: [
            ["hwaddr": .string(mac)], ["device": "port0", "hwaddr": "zz"], ["device": "", "hwaddr": .string(mac)],
            ["hwaddr": .string(mac), "pciBusID": "0000:00:99.0"],
        ] as [JSONObject])
    mutating func selectsByNameAndMAC(more: JSONObject) throws {
        network.more = more
        network.more["ipam"] = .null
        #expect(try add().interface(0)?["mac"]?.string == Self.mac)
        #expect(try run("DEL").succeeded)
        #expect(try network.host.linkNames() == ["lo", "port0", "wire"])
    }

    struct Sysfs: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// What is made below a folder that stands for a part of `/sys`.
        var script: String
        var mount: String
        var more: JSONObject
    }

    @Test(arguments: [
        Sysfs(
            testDescription: "kernelpath", script: "mkdir -p pci0/a/net/port0", mount: "/sys/devices",
            more: ["kernelpath": "/sys/devices/pci0/a"]),
        Sysfs(
            testDescription: "PCI", script: "mkdir -p pci/devices/0000:00:1f.6/net/port0", mount: "/sys/bus",
            more: ["pciBusID": "0000:00:1f.6"]),
        Sysfs(
            testDescription: "PCI of a virtual machine",
            script: "mkdir -p pci/devices/0000:00:1f.6/virtio0/net/port0", mount: "/sys/bus",
            more: ["pciBusID": "0000:00:1f.6"]),
        Sysfs(
            testDescription: "PCI by the runtime", script: "mkdir -p pci/devices/0000:00:1f.6/net/port0",
            mount: "/sys/bus", more: ["pciBusID": "0000:00:00.0", "runtimeConfig": ["deviceID": "0000:00:1f.6"]]),
        Sysfs(
            testDescription: "auxiliary by the runtime", script: "mkdir -p auxiliary/devices/mlx5_core.sf.4/net/port0",
            mount: "/sys/bus", more: ["runtimeConfig": ["deviceID": "mlx5_core.sf.4"]]),
    ])
    mutating func selectsByTheKernelsFolders(test: Sysfs) throws {
        try network.host.shell(
            "mkdir -p \(network.host.directory.path)/sys; cd \(network.host.directory.path)/sys; \(test.script)")
        network.more = test.more
        network.more["ipam"] = .null
        let added = try call(in: container, fake: test.mount).run("ADD", on: network.host)
        #expect(added.interface(0)?["mac"]?.string == Self.mac, "\(added.output)")
        // By then the folders may be elsewhere.
        #expect(try run("DEL").succeeded)
        #expect(try network.host.linkNames() == ["lo", "port0", "wire"])
    }

    /// There is no link; the result says what the program may use.
    @Test(arguments: ["vfio-pci", "uio_pci_generic", "igb_uio"])
    mutating func reportsADeviceThatIsLeftToPrograms(driver: String) throws {
        let folder = "\(network.host.directory.path)/sys"
        try network.host.shell(
            "mkdir -p \(folder)/pci/devices/0000:00:1f.6; ln -s /drivers/\(driver) \(folder)/pci/devices/0000:00:1f.6/driver"
        )
        network.more = [
            "pciBusID": "0000:00:1f.6", "ipam": ["type": "static", "addresses": [["address": "10.10.0.1/24"]]],
        ]
        let call = call(in: container, fake: "/sys/bus")
        let added = try call.run("ADD", on: network.host)
        #expect(added.addresses == ["10.10.0.1/24"], "\(added.output)")
        #expect(added.interface(0)?["name"] == "eth0" && added.interface(0)?["mac"] == nil)
        #expect(try container.linkNames() == ["lo"])
        let checked = try call.after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
        #expect(try self.call(in: container).run("DEL", on: network.host).succeeded)
    }

    struct BadOption: Sendable {
        var more: JSONObject
        var message: String
    }

    @Test(arguments: [
        BadOption(more: [:], message: "specify either \"device\", \"hwaddr\", \"kernelpath\" or \"pciBusID\""),
        BadOption(more: ["device": "zz"], message: "failed to find host device: device zz"),
        BadOption(more: ["hwaddr": "zz"], message: "hwaddr: expected a MAC address"),
        BadOption(more: ["hwaddr": "02:00:00:00:00:99"], message: "failed to find host device: hwaddr"),
        BadOption(
            more: ["kernelpath": "/etc"],
            message: "kernel device path \"/etc\" must be absolute and begin with /sys/devices/"),
        BadOption(more: ["kernelpath": "/sys/devices/../../etc"], message: "kernel device path"),
        BadOption(more: ["kernelpath": "/sys/devices/none"], message: "failed to find host device: open directory"),
        BadOption(more: ["pciBusID": "../x"], message: "pciBusID: expected an address on the bus"),
        BadOption(
            more: ["runtimeConfig": ["deviceID": "0000:99:99.9"]],
            message: "runtime config DeviceID 0000:99:99.9 not found or unsupported"),
    ])
    mutating func refusesBadOptionsAndDeletesWithThem(option: BadOption) throws {
        let valid = network
        _ = try add()
        network.more = option.more
        network.more["ipam"] = .null
        let other = try TestContainer()
        let added = try call("cid2", in: other).run("ADD", on: network.host)
        #expect(added.errorMessage?.hasPrefix(option.message) == true, "\(added.output)")
        #expect(added.errorCode == 7)
        #expect(try run("DEL").succeeded)
        #expect(try container.linkNames() == ["lo"])
        network = valid
        try expectReturned()
    }

    @Test(arguments: [
        ("ip link set eth0 address 02:00:00:00:00:55", "Interface eth0 Mac doesn't match"),
        ("ip link set eth0 alias port1", "Interface eth0 is not device port0"),
        ("ip link set eth0 down", "Interface eth0 is down"),
        ("ip address flush dev eth0", "Failed to match addr 10.1.2.2/24 on interface eth0"),
    ])
    mutating func checkNamesWhatIsDifferent(command: String, message: String) throws {
        network.more = ["device": "port0"]
        let added = try add()
        try container.namespace.shell(command)
        let checked = try run("CHECK", after: added)
        #expect(checked.errorMessage?.contains(message) == true, "\(checked.output)")
    }

    /// A node is ready also when the device is a container's.
    @Test mutating func statusAsksTheAddressPluginAlone() throws {
        network.more = ["device": "port0"]
        #expect(try run("STATUS").succeeded)
        _ = try add()
        #expect(try run("STATUS").succeeded)
        network.ipamMore["type"] = "no-such-plugin"
        #expect(try run("STATUS").errorCode == 50)
    }
}
