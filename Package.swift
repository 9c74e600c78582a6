// swift-tools-version: 6.2

import PackageDescription

/// A plugin: one executable target in the folder that carries the installed name.
func plugin(_ name: String, _ target: String, _ dependencies: Target.Dependency...) -> Target {
    .executableTarget(
        name: target, dependencies: ["CNI", "JSON", "Addressing", "LinuxSystem"] + dependencies,
        path: "Sources/Plugins/\(name)")
}

/// Tests of one module, in the folder of their layer.
func tests(_ layer: String, _ name: String, _ dependencies: Target.Dependency...) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(layer)/\(name)")
}

let package = Package(
    name: "swift-cni",
    products: [
        .executable(name: "bridge", targets: ["BridgePlugin"]),
        .executable(name: "flannel", targets: ["FlannelPlugin"]),
        .executable(name: "host-local", targets: ["HostLocalPlugin"]),
        .executable(name: "loopback", targets: ["LoopbackPlugin"]),
        .executable(name: "vxlan", targets: ["VXLANPlugin"]),
        .executable(name: "cnitool", targets: ["CNITool"]),
        .executable(name: "cni-bench", targets: ["Benchmark"]),
    ],
    targets: [
        .systemLibrary(name: "CLinux", path: "Sources/System/CLinux"),
        .target(name: "LinuxSystem", dependencies: ["CLinux"], path: "Sources/System/LinuxSystem"),
        .target(name: "Addressing", path: "Sources/System/Addressing"),
        .target(name: "JSON", path: "Sources/System/JSON"),

        .target(name: "Netlink", dependencies: ["CLinux", "LinuxSystem"], path: "Sources/Network/Netlink"),
        .target(
            name: "RouteNetlink", dependencies: ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
            path: "Sources/Network/RouteNetlink"),
        .target(
            name: "Nftables", dependencies: ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
            path: "Sources/Network/Nftables"),
        .target(
            name: "HostNetwork", dependencies: ["RouteNetlink", "Nftables", "LinuxSystem", "Addressing"],
            path: "Sources/Network/HostNetwork"),

        .target(name: "CNI", dependencies: ["JSON", "Addressing", "LinuxSystem"], path: "Sources/CNI/CNI"),
        .target(name: "CNIRuntime", dependencies: ["CNI", "JSON", "LinuxSystem"], path: "Sources/CNI/CNIRuntime"),
        .target(name: "Leases", dependencies: ["JSON", "Addressing", "LinuxSystem"], path: "Sources/CNI/Leases"),
        .target(name: "Flannel", dependencies: ["Addressing", "LinuxSystem"], path: "Sources/CNI/Flannel"),
        .target(
            name: "OverlayTable",
            dependencies: ["CNI", "HostNetwork", "RouteNetlink", "JSON", "Addressing", "LinuxSystem"],
            path: "Sources/CNI/OverlayTable"),

        plugin("bridge", "BridgePlugin", "HostNetwork", "Nftables", "RouteNetlink"),
        plugin("flannel", "FlannelPlugin", "Flannel"),
        plugin("host-local", "HostLocalPlugin", "Leases"),
        plugin("loopback", "LoopbackPlugin", "RouteNetlink"),
        plugin("vxlan", "VXLANPlugin", "OverlayTable", "HostNetwork", "Nftables", "RouteNetlink"),

        .executableTarget(
            name: "CNITool",
            dependencies: [
                "CNIRuntime", "Leases", "OverlayTable", "HostNetwork", "RouteNetlink", "CNI", "JSON", "Addressing",
                "LinuxSystem",
            ],
            path: "Sources/Tools/cnitool"),
        .executableTarget(
            name: "Benchmark", dependencies: ["RouteNetlink", "JSON", "Addressing", "LinuxSystem"],
            path: "Sources/Tools/cni-bench"),

        .target(name: "TestSupport", dependencies: ["JSON", "LinuxSystem"], path: "Tests/TestSupport"),
        tests("UnitTests", "AddressingTests", "Addressing", "TestSupport"),
        tests("UnitTests", "JSONTests", "JSON", "TestSupport"),
        tests("UnitTests", "CNITests", "CNI", "JSON", "Addressing"),
        tests("UnitTests", "NetlinkTests", "Netlink", "LinuxSystem"),
        tests("UnitTests", "NftablesTests", "Nftables", "Netlink", "Addressing", "LinuxSystem"),
        tests("UnitTests", "OverlayTableTests", "OverlayTable", "CNI", "JSON", "Addressing", "TestSupport"),
        tests("UnitTests", "HostNetworkTests", "HostNetwork", "RouteNetlink", "Addressing"),
        tests("UnitTests", "CNIRuntimeTests", "CNIRuntime", "CNI", "JSON", "LinuxSystem", "TestSupport"),
        tests("UnitTests", "LeasesTests", "Leases", "Addressing", "LinuxSystem", "TestSupport"),
        tests("UnitTests", "FlannelTests", "Flannel", "Addressing", "TestSupport"),
        tests("UnitTests", "FlannelPluginTests", "FlannelPlugin", "Flannel", "CNI", "JSON"),
        tests("UnitTests", "BridgePluginTests", "BridgePlugin", "CNI", "HostNetwork", "JSON", "TestSupport"),
        tests("UnitTests", "HostLocalPluginTests", "HostLocalPlugin", "CNI", "JSON", "Addressing", "TestSupport"),

        tests("IntegrationTests", "LinuxSystemTests", "LinuxSystem", "TestSupport"),
        tests("IntegrationTests", "LeaseStoreTests", "Leases", "Addressing", "LinuxSystem", "TestSupport"),
        tests(
            "IntegrationTests", "RouteNetlinkTests", "RouteNetlink", "Netlink", "Addressing", "LinuxSystem",
            "TestSupport"),
        tests("IntegrationTests", "NftablesIntegrationTests", "Nftables", "Addressing", "LinuxSystem", "TestSupport"),
        tests(
            "IntegrationTests", "MasqueradeTests", "HostNetwork", "Nftables", "Addressing", "LinuxSystem",
            "TestSupport"),

        tests(
            "IntegrationTests", "OverlayTests", "HostNetwork", "RouteNetlink", "Addressing", "LinuxSystem",
            "TestSupport"),

        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "BridgePlugin", "FlannelPlugin", "HostLocalPlugin", "LoopbackPlugin", "VXLANPlugin", "CNITool", "JSON",
                "LinuxSystem",
                "TestSupport",
            ],
            path: "Tests/EndToEndTests"),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type == .regular || target.type == .executable {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
        // With -static-executable below: a module's link entries come from the runtime it is compiled against.
        .unsafeFlags(["-static-stdlib"], .when(configuration: .release)),
    ]
    if target.name != "TestSupport" {
        target.swiftSettings?.append(.strictMemorySafety())
    }
    if target.type == .executable {
        target.linkerSettings = [
            .unsafeFlags(["-static-executable", "-use-ld=lld", "-Xlinker", "-s"], .when(configuration: .release))
        ]
    }
}
