/// Which modules a module may import.
enum Architecture {
    /// What each module of a library may import, by the folder in `Sources` that it has or is to have.
    static let libraries: [String: Set<String>] = [
        "System/CLinux": [],
        "System/LinuxSystem": ["CLinux"],
        "System/Addressing": [],
        "System/Hashing": [],
        "System/Attachments": [],
        "System/JSON": ["Addressing"],
        "System/GoRPC": [],
        "System/DBus": ["LinuxSystem"],

        "Kernel/Netlink": ["CLinux", "LinuxSystem"],
        "Kernel/RouteNetlink": ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
        "Kernel/Nftables": ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
        "Kernel/Conntrack": ["CLinux", "LinuxSystem", "Netlink", "Addressing"],
        "Kernel/SocketDiagnosis": ["CLinux", "LinuxSystem", "Netlink", "Addressing"],

        "Network/ContainerLinks": ["RouteNetlink", "Netlink", "LinuxSystem", "Addressing"],
        "Network/PacketRules": [
            "Nftables", "Conntrack", "RouteNetlink", "LinuxSystem", "Addressing", "Attachments", "Hashing",
        ],
        "Network/Overlay": ["RouteNetlink", "LinuxSystem", "Addressing"],
        "Network/UDPTunnel": ["LinuxSystem", "Addressing", "Synchronization"],
        "Network/Probing": ["LinuxSystem", "Addressing"],

        "IPAM/AddressPools": ["JSON", "Addressing"],
        "IPAM/DHCP": ["Addressing"],
        "IPAM/Leases": ["LinuxSystem", "Addressing", "Attachments", "Hashing"],

        "CNI/CNI": ["JSON", "Addressing", "Attachments", "LinuxSystem"],
        "CNI/CNIRuntime": ["CNI", "JSON", "Attachments", "LinuxSystem"],
        "CNI/PluginKit": [
            "CNI", "ContainerLinks", "PacketRules", "Nftables", "RouteNetlink", "JSON", "Addressing", "Attachments",
            "Hashing", "LinuxSystem",
        ],

        "Cluster/NodeTable": ["JSON", "Addressing", "Hashing", "Overlay", "RouteNetlink", "LinuxSystem"],
        "Cluster/Flannel": ["JSON", "Addressing", "LinuxSystem"],
        "Cluster/FlannelDaemon": packages.union([
            "Flannel", "Overlay", "UDPTunnel", "PacketRules", "Nftables", "RouteNetlink", "JSON", "Addressing",
            "LinuxSystem", "Dispatch", "Synchronization",
        ]),
    ]

    /// What other packages' modules the daemon may import, behind its trait; nobody else imports any.
    private static let packages: Set = ["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL"]

    /// The layers of executables: each may import any library, and no other executable.
    static let executables: Set = ["Plugins", "Tools"]

    /// What every module may import: no Foundation, and no other package's.
    static let everywhere: Set = ["Glibc"]

    /// The imports of a module that its row does not allow.
    ///
    /// - Parameters:
    ///   - imports: what its files import.
    ///   - folder: the module's in `Sources`.
    /// - Returns: the names of the modules, sorted; a module without a row may import nothing.
    static func forbidden(_ imports: Set<String>, in folder: String) -> [String] {
        let isExecutable = executables.contains { folder.hasPrefix("\($0)/") }
        let allowed = isExecutable ? Set(libraries.keys.map(name)) : libraries[folder] ?? []
        return imports.subtracting(allowed).subtracting(everywhere).sorted()
    }

    /// Whether a folder in `Sources` is one where a module is expected.
    static func knows(_ folder: String) -> Bool {
        libraries[folder] != nil || executables.contains { folder.hasPrefix("\($0)/") }
    }

    /// The last part of a path.
    static func name(of folder: String) -> String {
        folder.split(separator: "/").last.map(String.init) ?? folder
    }
}
