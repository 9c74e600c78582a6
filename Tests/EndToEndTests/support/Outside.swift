/// A neighbour of the host that knows no way to its containers: it only answers what comes from the host's own address.
struct Outside: Sendable {
    /// Of the neighbour's namespace and of the host's interface to it.
    static let name = "outside"

    static let hostAddress = "192.0.2.1"
    static let address = "192.0.2.2"

    private let host: ContainerHost

    /// Makes the neighbour.
    init(of host: ContainerHost) async throws {
        self.host = host
        try await host.run(
            "sh", "-euc",
            """
            ip netns add \(Self.name)
            ip link add \(Self.name) type veth peer name eth0 netns \(Self.name)
            ip address add \(Self.hostAddress)/24 dev \(Self.name)
            ip link set \(Self.name) up
            ip -netns \(Self.name) address add \(Self.address)/24 dev eth0
            ip -netns \(Self.name) link set eth0 up
            """)
    }

    /// Returns what a web server on the host's address says, asked by the neighbour.
    func fetch(port: Int) async throws -> String {
        try await host.run(
            "ip", "netns", "exec", Self.name,
            "curl", "--silent", "--show-error", "--fail", "--max-time", "5", "http://\(Self.hostAddress):\(port)/"
        ).text
    }
}
