import JSON
import LinuxSystem
import TestSupport
import Testing

/// The reference and this suite in turn on one directory.
@Suite(.enabled(if: Executables.hasReference))
struct HostLocalInteroperationTests {
    /// Two thousand calls of either, and after each the address that the reference's order demands.
    @Test(arguments: ["10.1.2.0/27", "2001:db8::/122"])
    func anyOrderOfCallsGivesTheSameAddresses(subnet: String) throws {
        var network = try LeaseNetwork(["subnet": .string(subnet)])
        network.version = "1.0.0"
        var generator = SeededGenerator(seed: 7)
        let isFour = subnet.hasPrefix("10.")
        // The gateway is number 1; IPv6 has no broadcast address.
        let numbers = Array(isFour ? 2...30 : 2...63)
        func text(_ number: Int) -> String { isFour ? "10.1.2.\(number)" : "2001:db8::\(String(number, radix: 16))" }
        var leased: [Int: String] = [:]
        var last: Int?
        for call in 0..<1000 {
            let side = network.by(Bool.random(using: &generator) ? Executables.own : Executables.reference)
            switch Int.random(in: 0..<10, using: &generator) {
            case ..<6:
                let start = last.flatMap { last in numbers.firstIndex { $0 > last } } ?? 0
                let expected = (numbers[start...] + numbers[..<start]).first { leased[$0] == nil }
                let added = try side.run("ADD", "c\(call)")
                try #require(
                    added.addresses.first?.split(separator: "/").first.map(String.init) == expected.map(text),
                    "call \(call): \(added.output)")
                if let expected {
                    leased[expected] = "c\(call)"
                    last = expected
                }
            case ..<9:
                guard let (number, id) = leased.randomElement(using: &generator) else { continue }
                #expect(try side.run("DEL", id).succeeded)
                leased[number] = nil
            default:
                for (id, isThere) in [(leased.values.first ?? "none", !leased.isEmpty), ("never", false)] {
                    #expect(try side.run("CHECK", id).succeeded == isThere)
                }
            }
        }
        #expect(network.leased == leased.keys.map(text).sorted())
        for (number, id) in leased { #expect(network.lease(text(number)) == "\(id)\r\neth0") }
    }

    @Test func eachDeletesWhatTheOtherAdded() throws {
        var network = try LeaseNetwork(["ranges": [[["subnet": "10.1.2.0/24"]], [["subnet": "2001:db8::/64"]]]])
        network.version = "1.0.0"
        for (first, second) in [
            (Executables.own, Executables.reference), (Executables.reference, Executables.own),
        ] {
            #expect(try network.by(first).run("ADD").succeeded)
            #expect(try network.by(second).run("CHECK").succeeded)
            #expect(try network.by(second).run("DEL").succeeded)
            #expect(network.leased.isEmpty)
        }
    }
}
