import Foundation

/// What attachments leave on a host while they exist.
struct HostTraces: Equatable {
    /// The host's ends of veth pairs.
    var interfaces: [String] = []

    /// The addresses that host-local has leased.
    var leases: [String] = []

    /// The results that the runtime has cached.
    var results: [String] = []

    /// The namespaces with a name.
    var namespaces: [String] = []

    /// Those of the words that were asked for that the firewall's rules mention.
    var mentionedInRules: Set<String> = []

    static let none = HostTraces()

    /// Reads the traces on `host`.
    ///
    /// - Parameters:
    ///   - host: the host to look at.
    ///   - words: addresses and container identifiers.
    /// - Throws: if the host cannot be asked.
    init(on host: ContainerHost, words: [String]) async throws {
        let links = try JSONDecoder().decode(
            [Link].self, from: try await host.run("ip", "-json", "link", "show", "type", "veth").bytes)
        interfaces = links.compactMap(\.ifname).filter { $0 != Outside.name }
        leases = Self.files(in: host.leaseFolder.appending(path: PodNetwork.name)).filter(Self.isAddress)
        results = Self.files(in: host.resultFolder)
        namespaces = Self.files(in: host.directory.appending(path: "run/netns")).filter { $0 != Outside.name }
        // Split, not searched: 10.88.0.2 is not in 10.88.0.21.
        let rules = try await host.run("nft", "list", "ruleset").text
        let mentioned = Set(rules.split { " \n\t\"/,".contains($0) }.map(String.init))
        mentionedInRules = mentioned.intersection(words)
    }

    private init() {}

    private struct Link: Decodable {
        var ifname: String?
    }

    private static func files(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    private static func isAddress(_ name: String) -> Bool {
        name.contains(where: \.isHexDigit) && name.allSatisfy { $0.isHexDigit || $0 == "." || $0 == ":" }
    }
}
