import Testing

struct ArchitectureTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var module: String
        var imports: Set<String>
        var forbidden: [String] = []

        var testDescription: String { "\(module) \(imports.sorted())" }
    }

    @Test(arguments: [
        Case(module: "System/JSON", imports: ["Addressing", "Glibc"]),
        Case(module: "System/JSON", imports: ["LinuxSystem"], forbidden: ["LinuxSystem"]),
        Case(module: "System/Addressing", imports: ["Foundation"], forbidden: ["Foundation"]),
        Case(module: "Kernel/Netlink", imports: ["RouteNetlink", "CLinux"], forbidden: ["RouteNetlink"]),
        Case(module: "Network/Overlay", imports: ["CNI", "Netlink"], forbidden: ["CNI", "Netlink"]),
        Case(module: "CNI/PluginKit", imports: ["CNI", "BridgePlugin"], forbidden: ["BridgePlugin"]),
        Case(module: "Plugins/bridge", imports: ["PluginKit", "RouteNetlink", "JSON"]),
        Case(module: "Plugins/vxlan", imports: ["BridgePlugin"], forbidden: ["BridgePlugin"]),
        Case(module: "Plugins/vxlan", imports: ["FoundationEssentials"], forbidden: ["FoundationEssentials"]),
        Case(module: "Tools/cnitool", imports: ["HostLocalPlugin", "Leases"], forbidden: ["HostLocalPlugin"]),
        Case(module: "Network/Unheard", imports: ["JSON"], forbidden: ["JSON"]),
    ])
    func forbidsWhatNoRowAllows(test: Case) {
        #expect(Architecture.forbidden(test.imports, in: test.module) == test.forbidden)
    }

    @Test func knowsEveryLayer() {
        #expect(["System/JSON", "Plugins/new", "Tools/new"].allSatisfy(Architecture.knows))
        #expect(!["System/New", "New/JSON", "JSON"].contains(where: Architecture.knows))
    }

    /// A module is imported by those of its own layer or of one that comes later, and nobody in a circle.
    @Test func noRowNamesWhatNamesIt() {
        func reached(from name: String, _ seen: inout Set<String>) {
            for (folder, allowed) in Architecture.libraries where Architecture.name(of: folder) == name {
                for next in allowed where seen.insert(next).inserted { reached(from: next, &seen) }
            }
        }
        for folder in Architecture.libraries.keys {
            var seen: Set<String> = []
            reached(from: Architecture.name(of: folder), &seen)
            #expect(!seen.contains(Architecture.name(of: folder)), "\(folder)")
        }
    }
}
