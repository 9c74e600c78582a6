import GoRPC
import TestSupport

/// What the reference's plugin and daemon of Debian 12 said to each other, for an ADD and then a DEL.
enum RecordedExchange {
    /// The plugin's, in messages: a definition and a value for each of the two parts.
    static let call = [
        // -65: Request { ServiceMethod string, Seq uint }
        "2f ff81 0301 01 07 52657175657374 01 ff82 00 0102 01 0d 536572766963654d6574686f64 01 0c 00 01 03 536571 01 06 00 00 00",
        // 65: ServiceMethod "DHCP.Allocate"
        "12 ff82 01 0d 444843502e416c6c6f63617465 00",
        // -66: CmdArgs
        """
        5a ff83 0301 01 07 436d6441726773 01 ff84 00 0106 01 0b 436f6e7461696e65724944 01 0c 00 01 05 4e65746e73 01 0c 00
        01 06 49664e616d65 01 0c 00 01 04 41726773 01 0c 00 01 04 50617468 01 0c 00 01 09 537464696e44617461 01 0a 00 00 00
        """,
        // 66: ContainerID "cid1", Netns "/run/netns/c1", IfName "eth0", Path "/usr/lib/cni", StdinData
        """
        ff97 ff84 01 04 63696431 01 0d 2f72756e2f6e65746e732f6331 01 04 65746830 02 0c 2f7573722f6c69622f636e69 01 69
        7b22636e6956657273696f6e223a22312e302e30222c226e616d65223a226e657431222c2274797065223a22627269646765222c226970616d22
        3a7b2274797065223a2264686370222c2272657175657374223a5b7b226f7074696f6e223a22313231227d5d7d7d0a 00
        """,
    ]

    /// The daemon's to it.
    static let answer = [
        // -65: Response { ServiceMethod string, Seq uint, Error string }
        """
        3a ff81 0301 01 08 526573706f6e7365 01 ff82 00 0103 01 0d 536572766963654d6574686f64 01 0c 00 01 03 536571 01 06 00
        01 05 4572726f72 01 0c 00 00 00
        """,
        "12 ff82 01 0d 444843502e416c6c6f63617465 00",
        // -66: Result { CNIVersion string, Interfaces 68, IPs 71, Routes 73, DNS 74 }
        """
        51 ff83 0301 01 06 526573756c74 01 ff84 00 0105 01 0a 434e4956657273696f6e 01 0c 00 01 0a 496e7465726661636573 01 ff88
        00 01 03 495073 01 ff8e 00 01 06 526f75746573 01 ff92 00 01 03 444e53 01 ff94 00 00 00
        """,
        // -68: []*types100.Interface, and its elements
        "24 ff87 0201 01 15 5b5d2a74797065733130302e496e74657266616365 01 ff88 00 01 ff86 00 00",
        "29 ff85 0301 02 ff86 00 0103 01 04 4e616d65 01 0c 00 01 03 4d6163 01 0c 00 01 07 53616e64626f78 01 0c 00 00 00",
        // -71: []*types100.IPConfig { Interface int, Address IPNet, Gateway bytes }
        "23 ff8d 0201 01 14 5b5d2a74797065733130302e4950436f6e666967 01 ff8e 00 01 ff8a 00 00",
        "33 ff89 0301 02 ff8a 00 0103 01 09 496e74657266616365 01 04 00 01 07 41646472657373 01 ff8c 00 01 07 47617465776179 01 0a 00 00 00",
        "23 ff8b 0301 01 05 49504e6574 01 ff8c 00 0102 01 02 4950 01 0a 00 01 04 4d61736b 01 0a 00 00 00",
        // -73: []*types.Route { Dst IPNet, GW bytes }
        "1d ff91 0201 01 0e 5b5d2a74797065732e526f757465 01 ff92 00 01 ff90 00 00",
        "1c ff8f 0301 02 ff90 00 0102 01 03 447374 01 ff8c 00 01 02 4757 01 0a 00 00 00",
        // -74: DNS { Nameservers, Domain, Search, Options }
        """
        46 ff93 0301 01 03 444e53 01 ff94 00 0104 01 0b 4e616d6573657276657273 01 ff96 00 01 06 446f6d61696e 01 0c 00
        01 06 536561726368 01 ff96 00 01 07 4f7074696f6e73 01 ff96 00 00 00
        """,
        "16 ff95 0201 01 08 5b5d737472696e67 01 ff96 00 01 0c 00 00",
        // 66: 10.9.0.52/24 by 10.9.0.1, and a route to 10.20.0.0/16 by 10.9.0.2
        """
        33 ff84 03 01 02 01 04 0a090034 01 04 ffffff00 00 01 04 0a090001 00 01 01 01 01 04 0a140000 01 04 ffff0000 00
        01 04 0a090002 00 01 00 00
        """,
    ]

    /// What a DEL is answered with, behind the definition that a first answer begins with: an empty structure.
    static let emptyAnswer = [
        "11 ff82 01 0c 444843502e52656c65617365 00", "0a ff97 0301 02 ff98 00 00 00", "03 ff98 00",
    ]

    static func bytes(_ messages: [String]) -> [UInt8] { messages.flatMap { hex($0) } }
}

/// The types that the reference sends, as they are defined in the exchange.
enum ReferenceType {
    static let arguments = GobType.structure(
        "CmdArgs",
        [
            .init("ContainerID", .string), .init("Netns", .string), .init("IfName", .string), .init("Args", .string),
            .init("Path", .string), .init("StdinData", .bytes),
        ])

    private static let interface = GobType.structure(
        "", [.init("Name", .string), .init("Mac", .string), .init("Sandbox", .string)])
    private static let network = GobType.structure("IPNet", [.init("IP", .bytes), .init("Mask", .bytes)])
    private static let address = GobType.structure(
        "", [.init("Interface", .integer), .init("Address", network), .init("Gateway", .bytes)])
    private static let route = GobType.structure("", [.init("Dst", network), .init("GW", .bytes)])
    private static let texts = GobType.list("[]string", of: .string)

    static let result = GobType.structure(
        "Result",
        [
            .init("CNIVersion", .string), .init("Interfaces", .list("[]*types100.Interface", of: interface)),
            .init("IPs", .list("[]*types100.IPConfig", of: address)),
            .init("Routes", .list("[]*types.Route", of: route)),
            .init(
                "DNS",
                .structure(
                    "DNS",
                    [
                        .init("Nameservers", texts), .init("Domain", .string), .init("Search", texts),
                        .init("Options", texts),
                    ])),
        ])
}
