import Foundation
import JSON
import TestSupport
import Testing

/// What the pages say of configurations, files and each other is so.
struct PageTests {
    @Test(arguments: Page.programs)
    func everyPluginAndToolHasAPageThatTheTopLinksTo(folder: String) throws {
        let page = try Page("\(folder)/README.md")
        #expect(page.text.hasPrefix("# `\(folder.split(separator: "/").last ?? "")`\n"))
        #expect(try #require(Page.top).links.contains(page.path))
    }

    @Test func theTopIsShort() throws {
        #expect(try #require(Page.top).text.count { $0 == "\n" } <= 250)
    }

    @Test(arguments: ["sudo ./install.sh", "sudo Tests/run"])
    func theTopBeginsWithTheTwoCommands(command: String) throws {
        #expect(try #require(Page.top).blocks.prefix(2).contains { $0.text == "\(command)\n" })
    }

    @Test(arguments: Repository.names(in: "conf"))
    func theTopTellsOfEveryConfiguration(file: String) throws {
        #expect(try #require(Page.top).codeSpans.contains(file))
    }

    @Test(arguments: Page.all)
    func linksLeadSomewhere(page: Page) throws {
        for link in page.links {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let target = parts[0].isEmpty ? page.path : URL(filePath: "/\(page.folder)\(parts[0])").standardized.path
            #expect(FileManager.default.fileExists(atPath: Repository.path(target)), "\(link)")
            guard parts.count == 2 else { continue }
            #expect(try Page(target).anchors.contains(parts[1]), "\(link)")
        }
    }

    @Test(arguments: Page.all)
    func showsJSONThatParsesAndHasKeysThatExist(page: Page) throws {
        for text in page.shownJSON {
            let json = try #require(try? JSONValue(parsing: text), "\(text)")
            let unknown = Set(names(in: json)).subtracting(Self.literals).subtracting(Self.capabilities)
            // Those with dots are the kernel's parameters.
            #expect(unknown.filter { !$0.contains(".") } == [], "\(text)")
        }
    }

    @Test(arguments: Page.ofPrograms)
    func listsKeysThatExist(page: Page) {
        #expect(Set(page.keys).subtracting(Self.literals) == [])
    }

    @Test(arguments: ["Sources/Plugins", "Sources/IPAM", "Sources/Cluster/NodeTable", "Sources/Cluster/Flannel/"])
    func everyKeyThatIsReadIsOnAPage(layer: String) throws {
        let documented = Set(
            Page.ofPrograms.flatMap { page in
                page.codeSpans.flatMap { $0.split { !$0.isLetter && !$0.isNumber } }.map(String.init)
            })
        let reading = /(?:(?:optional|required)\w*\(|(?:number|trunkID)\(\w+, )"(\w+)"/
        let sources = try Self.sources.filter { $0.hasPrefix(layer) }.map(Repository.text)
        let read = Set(sources.flatMap { $0.matches(of: reading) }.map { String($0.1) })
        #expect(read.subtracting(documented) == [])
    }

    /// What a plugin gets of the runtime, whose own plugins know it.
    private static let capabilities: Set = ["portMappings", "hostPort", "containerPort", "protocol"]

    private static let sources =
        FileManager.default.enumerator(atPath: Repository.path("Sources"))?
        .compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.map { "Sources/\($0)" } ?? []

    /// Every word that stands in quotes in the sources.
    private static let literals = Set(
        sources.compactMap { try? Repository.text($0) }.flatMap { text in
            text.matches(of: /"(\w+)"/).map { String($0.1) }
        })

    /// The names of all members, however deep.
    private func names(in value: JSONValue) -> [String] {
        switch value {
        case .object(let object): object.members.flatMap { [$0.name] + names(in: $0.value) }
        case .array(let elements): elements.flatMap(names)
        default: []
        }
    }
}
