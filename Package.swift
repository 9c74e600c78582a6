// swift-tools-version: 6.2

import PackageDescription

/// A plugin: one executable target in the folder that carries the installed name, with the page that tells of it.
func plugin(_ name: String, _ target: String, _ dependencies: Target.Dependency...) -> Target {
    .executableTarget(
        name: target, dependencies: ["CNI"] + dependencies,
        path: "Sources/Plugins/\(name)", exclude: ["README.md"])
}

/// A tool, likewise.
func tool(_ name: String, _ target: String, _ dependencies: Target.Dependency...) -> Target {
    .executableTarget(
        name: target, dependencies: dependencies, path: "Sources/Tools/\(name)", exclude: ["README.md"])
}

/// Tests of one module that need no kernel and no privileges.
func unitTests(_ module: String, _ dependencies: Target.Dependency...) -> Target {
    .testTarget(
        name: "\(module)Tests", dependencies: [.init(stringLiteral: module)] + dependencies,
        path: "Tests/UnitTests/\(module)")
}

/// Tests of one module against the kernel, in namespaces that they make.
func integrationTests(_ module: String, _ dependencies: Target.Dependency...) -> Target {
    .testTarget(
        name: "\(module)IntegrationTests", dependencies: [.init(stringLiteral: module)] + dependencies,
        path: "Tests/IntegrationTests/\(module)")
}

let package = Package(
    name: "swift-cni",
    products: [
        .executable(name: "bandwidth", targets: ["BandwidthPlugin"]),
        .executable(name: "bridge", targets: ["BridgePlugin"]),
        .executable(name: "dhcp", targets: ["DHCPPlugin"]),
        .executable(name: "firewall", targets: ["FirewallPlugin"]),
        .executable(name: "flannel", targets: ["FlannelPlugin"]),
        .executable(name: "host-device", targets: ["HostDevicePlugin"]),
        .executable(name: "host-local", targets: ["HostLocalPlugin"]),
        .executable(name: "loopback", targets: ["LoopbackPlugin"]),
        .executable(name: "macvlan", targets: ["MacvlanPlugin"]),
        .executable(name: "dummy", targets: ["DummyPlugin"]),
        .executable(name: "ipvlan", targets: ["IPVLANPlugin"]),
        .executable(name: "vlan", targets: ["VLANPlugin"]),
        .executable(name: "tap", targets: ["TapPlugin"]),
        .executable(name: "vrf", targets: ["VRFPlugin"]),
        .executable(name: "portmap", targets: ["PortmapPlugin"]),
        .executable(name: "ptp", targets: ["PTPPlugin"]),
        .executable(name: "sbr", targets: ["SBRPlugin"]),
        .executable(name: "static", targets: ["StaticPlugin"]),
        .executable(name: "tuning", targets: ["TuningPlugin"]),
        .executable(name: "vxlan", targets: ["VXLANPlugin"]),
        .executable(name: "cnitool", targets: ["CNITool"]),
        .executable(name: "cni-bench", targets: ["CNIBenchmark"]),
        .executable(name: "mk-docker-opts", targets: ["MakeDockerOptions"]),
        .executable(name: "flanneld", targets: ["Flanneld"]),
    ],
    traits: [
        .trait(name: "Daemon", description: "flanneld, which alone needs packages; without it none is fetched")
    ],
    dependencies: [
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.36.0"),
    ],
    targets: [
        .systemLibrary(name: "CLinux", path: "Sources/System/CLinux"),
        .target(name: "LinuxSystem", dependencies: ["CLinux"], path: "Sources/System/LinuxSystem"),
        .target(name: "Addressing", path: "Sources/System/Addressing"),
        .target(name: "Hashing", path: "Sources/System/Hashing"),
        .target(name: "Attachments", path: "Sources/System/Attachments"),
        .target(name: "JSON", dependencies: ["Addressing"], path: "Sources/System/JSON"),
        .target(name: "GoRPC", path: "Sources/System/GoRPC"),
        .target(name: "DBus", dependencies: ["LinuxSystem"], path: "Sources/System/DBus"),

        .target(name: "Netlink", dependencies: ["CLinux", "LinuxSystem"], path: "Sources/Kernel/Netlink"),
        .target(
            name: "RouteNetlink", dependencies: ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
            path: "Sources/Kernel/RouteNetlink"),
        .target(
            name: "Nftables", dependencies: ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
            path: "Sources/Kernel/Nftables"),
        .target(
            name: "Conntrack", dependencies: ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
            path: "Sources/Kernel/Conntrack"),
        .target(
            name: "SocketDiagnosis", dependencies: ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
            path: "Sources/Kernel/SocketDiagnosis"),

        .target(
            name: "ContainerLinks", dependencies: ["RouteNetlink", "Netlink", "LinuxSystem", "Addressing"],
            path: "Sources/Network/ContainerLinks"),
        .target(
            name: "PacketRules",
            dependencies: ["Nftables", "Conntrack", "LinuxSystem", "Addressing", "Attachments", "Hashing"],
            path: "Sources/Network/PacketRules"),
        .target(
            name: "Overlay", dependencies: ["RouteNetlink", "LinuxSystem", "Addressing"],
            path: "Sources/Network/Overlay"),
        .target(
            name: "UDPTunnel", dependencies: ["LinuxSystem", "Addressing"], path: "Sources/Network/UDPTunnel"),
        .target(name: "Probing", dependencies: ["LinuxSystem", "Addressing"], path: "Sources/Network/Probing"),

        .target(name: "DHCP", dependencies: ["Addressing"], path: "Sources/IPAM/DHCP"),
        .target(name: "AddressPools", dependencies: ["JSON", "Addressing"], path: "Sources/IPAM/AddressPools"),
        .target(
            name: "Leases", dependencies: ["LinuxSystem", "Addressing", "Attachments", "Hashing"],
            path: "Sources/IPAM/Leases"),

        .target(
            name: "CNI", dependencies: ["JSON", "Addressing", "Attachments", "LinuxSystem"], path: "Sources/CNI/CNI"),
        .target(
            name: "CNIRuntime", dependencies: ["CNI", "JSON", "Attachments", "LinuxSystem"],
            path: "Sources/CNI/CNIRuntime"),

        .target(
            name: "PluginKit",
            dependencies: [
                "CNI", "ContainerLinks", "PacketRules", "Nftables", "RouteNetlink", "JSON", "Addressing", "Attachments",
                "Hashing", "LinuxSystem",
            ],
            path: "Sources/CNI/PluginKit"),

        .target(name: "Flannel", dependencies: ["JSON", "Addressing", "LinuxSystem"], path: "Sources/Cluster/Flannel"),
        .target(
            name: "NodeTable",
            dependencies: ["Overlay", "RouteNetlink", "JSON", "Addressing", "Hashing", "LinuxSystem"],
            path: "Sources/Cluster/NodeTable"),

        .target(
            name: "FlannelDaemon",
            dependencies: [
                "Flannel", "Overlay", "UDPTunnel", "PacketRules", "Nftables", "RouteNetlink", "JSON", "Addressing",
                "LinuxSystem",
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["Daemon"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Daemon"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Daemon"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Daemon"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Daemon"])),
            ],
            path: "Sources/Cluster/FlannelDaemon"),

        plugin(
            "bandwidth", "BandwidthPlugin", "PluginKit", "RouteNetlink", "Netlink", "JSON", "Addressing", "Attachments",
            "Hashing", "LinuxSystem"),
        plugin(
            "bridge", "BridgePlugin", "PluginKit", "ContainerLinks", "PacketRules", "Nftables", "RouteNetlink", "JSON",
            "Addressing", "Attachments", "LinuxSystem"),
        plugin(
            "dhcp", "DHCPPlugin", "DHCP", "GoRPC", "RouteNetlink", "JSON", "Addressing", "Attachments", "Hashing",
            "LinuxSystem", "CLinux"),
        plugin(
            "firewall", "FirewallPlugin", "PluginKit", "PacketRules", "Nftables", "RouteNetlink", "DBus", "JSON",
            "Addressing", "Attachments", "LinuxSystem"),
        plugin("flannel", "FlannelPlugin", "Flannel", "JSON", "Addressing", "Attachments", "LinuxSystem"),
        plugin(
            "host-local", "HostLocalPlugin", "AddressPools", "Leases", "JSON", "Addressing", "Attachments",
            "LinuxSystem"),
        plugin("loopback", "LoopbackPlugin", "RouteNetlink", "Addressing", "LinuxSystem"),
        plugin(
            "sbr", "SBRPlugin", "PluginKit", "RouteNetlink", "Netlink", "JSON", "Addressing", "LinuxSystem"),
        plugin("static", "StaticPlugin", "JSON", "Addressing", "Attachments"),
        plugin(
            "host-device", "HostDevicePlugin", "PluginKit", "ContainerLinks", "RouteNetlink", "JSON", "Addressing",
            "Attachments", "LinuxSystem"),
        plugin("dummy", "DummyPlugin", "PluginKit", "RouteNetlink", "Addressing", "LinuxSystem"),
        plugin("ipvlan", "IPVLANPlugin", "PluginKit", "RouteNetlink", "JSON", "LinuxSystem"),
        plugin("vlan", "VLANPlugin", "PluginKit", "RouteNetlink", "JSON", "LinuxSystem"),
        plugin("tap", "TapPlugin", "PluginKit", "RouteNetlink", "JSON", "Addressing", "LinuxSystem"),
        plugin("vrf", "VRFPlugin", "PluginKit", "RouteNetlink", "JSON", "Addressing", "LinuxSystem"),
        plugin("macvlan", "MacvlanPlugin", "PluginKit", "RouteNetlink", "JSON", "Addressing", "LinuxSystem"),
        plugin(
            "ptp", "PTPPlugin", "PluginKit", "ContainerLinks", "PacketRules", "Nftables", "RouteNetlink", "Addressing",
            "Attachments", "LinuxSystem"),
        plugin(
            "tuning", "TuningPlugin", "PluginKit", "RouteNetlink", "Netlink", "JSON", "Addressing", "Attachments",
            "LinuxSystem"),
        plugin(
            "portmap", "PortmapPlugin", "PluginKit", "PacketRules", "Nftables", "Conntrack", "SocketDiagnosis",
            "RouteNetlink", "JSON", "Addressing", "Attachments", "LinuxSystem"),
        plugin(
            "vxlan", "VXLANPlugin", "NodeTable", "ContainerLinks", "PacketRules", "Overlay", "Nftables", "RouteNetlink",
            "JSON", "Addressing", "Attachments", "LinuxSystem"),

        tool(
            "cnitool", "CNITool", "CNIRuntime", "PluginKit", "ContainerLinks", "Leases", "NodeTable", "Flannel",
            "Overlay",
            "Probing",
            "RouteNetlink", "CNI", "JSON", "Addressing", "Attachments", "Hashing", "LinuxSystem"),
        tool("mk-docker-opts", "MakeDockerOptions", "RouteNetlink", "Addressing", "LinuxSystem"),
        tool("flanneld", "Flanneld", "FlannelDaemon", "CNI", "LinuxSystem"),
        tool(
            "cni-bench", "CNIBenchmark", "Overlay", "UDPTunnel", "RouteNetlink", "JSON", "Addressing", "LinuxSystem"),

        .target(name: "TestSupport", dependencies: ["JSON", "LinuxSystem"], path: "Tests/TestSupport"),
        .testTarget(name: "LayoutTests", dependencies: ["TestSupport"], path: "Tests/UnitTests/Layout"),
        unitTests("Addressing", "TestSupport"),
        unitTests("Hashing"),
        unitTests("Attachments"),
        unitTests("JSON", "TestSupport"),
        unitTests("GoRPC", "TestSupport"),
        unitTests("DBus", "LinuxSystem", "TestSupport"),
        unitTests("DHCP", "Addressing", "TestSupport"),
        unitTests("PluginKit", "Attachments"),
        unitTests("CNI", "JSON", "Addressing"),
        unitTests("Netlink", "LinuxSystem"),
        unitTests("Nftables", "Netlink", "Addressing", "LinuxSystem", "TestSupport"),
        unitTests("NodeTable", "JSON", "Addressing", "TestSupport"),
        unitTests("Overlay", "RouteNetlink", "Addressing"),
        unitTests("UDPTunnel", "Addressing", "LinuxSystem", "TestSupport"),
        unitTests("Probing", "Addressing"),
        unitTests("PacketRules", "Attachments", "Addressing"),
        unitTests("CNIRuntime", "CNI", "Attachments", "JSON", "LinuxSystem", "TestSupport"),
        unitTests("AddressPools", "Addressing", "TestSupport"),
        unitTests("Leases", "Addressing", "Attachments", "LinuxSystem", "TestSupport"),
        unitTests("MakeDockerOptions"),
        unitTests("Flannel", "JSON", "Addressing", "TestSupport"),
        unitTests("FlannelDaemon", "Flannel", "JSON", "Addressing", "TestSupport"),
        unitTests("Flanneld", "FlannelDaemon"),
        unitTests("FlannelPlugin", "Flannel", "CNI", "JSON"),
        unitTests("BridgePlugin", "CNI", "JSON"),
        unitTests("TuningPlugin", "CNI"),
        unitTests("HostLocalPlugin", "CNI", "JSON", "Addressing"),
        unitTests("PortmapPlugin", "PacketRules", "CNI", "JSON", "Addressing"),
        unitTests("VRFPlugin"),
        unitTests("VXLANPlugin", "NodeTable", "CNI", "JSON"),

        integrationTests("LinuxSystem", "TestSupport"),
        integrationTests("Leases", "Addressing", "Attachments", "LinuxSystem", "TestSupport"),
        integrationTests("RouteNetlink", "Netlink", "Addressing", "LinuxSystem", "TestSupport"),
        integrationTests("Nftables", "Addressing", "LinuxSystem", "TestSupport"),
        integrationTests("Conntrack", "Addressing", "TestSupport"),
        integrationTests("SocketDiagnosis", "Addressing", "TestSupport"),
        integrationTests(
            "PacketRules", "Nftables", "Conntrack", "Addressing", "Attachments", "LinuxSystem", "TestSupport"),
        integrationTests("FlannelDaemon", "RouteNetlink", "Addressing", "LinuxSystem", "TestSupport"),
        integrationTests("Overlay", "RouteNetlink", "Addressing", "LinuxSystem", "TestSupport"),
        integrationTests("UDPTunnel", "Overlay", "RouteNetlink", "Addressing", "LinuxSystem", "TestSupport"),

        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "BandwidthPlugin", "BridgePlugin", "DHCPPlugin", "DummyPlugin", "FirewallPlugin", "FlannelPlugin",
                "HostDevicePlugin", "HostLocalPlugin", "IPVLANPlugin", "LoopbackPlugin", "MacvlanPlugin",
                "PortmapPlugin", "PTPPlugin", "SBRPlugin", "StaticPlugin", "TapPlugin", "TuningPlugin", "VLANPlugin",
                "VRFPlugin", "VXLANPlugin", "CNITool", "Flanneld", "DBus", "JSON", "LinuxSystem", "MakeDockerOptions",
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
        // With -static-executable below: a module's link entries come from the runtime it is compiled against. With a section
        // for each function the linker leaves out what nobody calls, and keeps one of those that are the same code.
        .unsafeFlags(["-static-stdlib", "-Xfrontend", "-function-sections"], .when(configuration: .release)),
    ]
    if target.name != "TestSupport" {
        target.swiftSettings?.append(.strictMemorySafety())
    }
    if target.type == .executable {
        target.linkerSettings = [
            .unsafeFlags(
                ["-static-executable", "-use-ld=lld", "-Xlinker", "-s", "-Xlinker", "--icf=all"],
                .when(configuration: .release))
        ]
    }
}
