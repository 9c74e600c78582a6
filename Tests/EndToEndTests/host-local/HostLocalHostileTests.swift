import Glibc
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Names that try to leave the directory, and directories that nothing can be written to.
struct HostLocalHostileTests {
    @Test(arguments: ["../up", "a/b", "..", ".hidden", "a\u{0}b", ""])
    func refusesNetworkNamesThatAreNone(name: String) throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        network.name = name
        for command in ["ADD", "DEL", "CHECK"] { #expect(try network.run(command).errorCode == 7) }
        #expect(network.files.names().isEmpty)
    }

    @Test(arguments: ["../up", "a/b", ".."])
    func refusesContainerIDsThatAreNone(id: String) throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        for command in ["ADD", "DEL", "CHECK"] { #expect(try network.run(command, id).errorCode == 4) }
        #expect(network.files.names().isEmpty)
    }

    /// As long as the kernel takes a variable, and longer than a record of the index.
    @Test(arguments: [248, 4090, 4096, 131_000])
    func deletesWhatItAddedForALongContainerID(length: Int) throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let id = String(repeating: "c", count: length)
        #expect(try network.run("ADD", id).addresses == ["10.1.2.2/24"])
        #expect(network.lease("10.1.2.2") == "\(id)\r\neth0")
        #expect(try network.run("CHECK", id).succeeded)
        #expect(try network.run("ADD", id).errorCode == 999)
        // What begins alike is another container.
        #expect(try network.run("DEL", String(id.dropLast())).succeeded)
        #expect(network.leased == ["10.1.2.2"])
        #expect(try network.keeping([id]).run("GC").succeeded)
        #expect(network.leased == ["10.1.2.2"])
        #expect(try network.run("DEL", id).succeeded)
        #expect(network.leased.isEmpty)
        try network.files.write("mynet/10.1.2.9", "\(id)\r\neth0")
        #expect(try network.run("DEL", id).succeeded)
        #expect(network.leased.isEmpty)
    }

    /// The longest name of a directory: there is none with a dot in front of it.
    @Test func takesTheLongestNetworkName() throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        network.name = String(repeating: "n", count: 255)
        #expect(try network.run("ADD").addresses == ["10.1.2.2/24"])
        #expect(try network.run("ADD", "c2").addresses == ["10.1.2.3/24"])
        #expect(try network.run("CHECK", "c2").succeeded)
        #expect(try network.run("DEL").succeeded)
        #expect(network.leased == ["10.1.2.3"])
    }

    @Test(arguments: ["10.1.2.2", "last_reserved_ip.0"])
    func followsNoSymbolicLink(name: String) throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let target = try network.files.write("target", "c1\r\neth0")
        try network.files.link("mynet/\(name)", to: target)
        let added = try network.run("ADD")
        #expect(added.addresses == [name == "10.1.2.2" ? "10.1.2.3/24" : "10.1.2.2/24"])
        #expect(try network.run("DEL").succeeded)
        #expect(network.files.contents("target") == "c1\r\neth0")
    }

    /// The lock is wherever its name leads, as for the reference: both wait for each other.
    @Test(arguments: [true, false])
    func locksWhatALinkLeadsTo(isThere: Bool) throws {
        let network = try LeaseNetwork(["subnet": "10.1.2.0/24", "lockTimeoutSeconds": 0])
        let target = "\(network.files.path)/mynet/elsewhere"
        if isThere { try network.files.write("mynet/elsewhere", "") }
        try network.files.link("mynet/lock", to: target)
        #expect(try network.run("ADD").addresses == ["10.1.2.2/24"])
        let lock = try FileLock(FileDescriptor.open(target, O_RDONLY), path: target, timeout: 0)
        #expect(try network.run("ADD", "c2").errorCode == 11)
        _ = consume lock
        #expect(try network.run("ADD", "c2").addresses == ["10.1.2.3/24"])
        #expect(try network.run("DEL").succeeded)
    }

    /// Nobody has the other end of the pipe.
    @Test func aPipeOrADeviceAsALockIsNotWaitedFor() throws {
        for isPipe in [true, false] {
            let network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
            if isPipe {
                try network.files.makePipe("mynet/lock")
            } else {
                try network.files.link("mynet/lock", to: "/dev/zero")
            }
            #expect(try network.run("ADD").addresses == ["10.1.2.2/24"])
            #expect(try network.run("DEL").succeeded)
        }
    }

    @Test func saysWhatIsInTheWayOfTheDirectory() throws {
        var network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let file = try network.files.write("file", "")
        network.ipam["dataDir"] = .string(file)
        let added = try network.run("ADD")
        #expect(added.errorCode == 5)
        #expect(added.errorMessage == "open \(file)/mynet: Not a directory")
    }
}
