import Foundation
import TestSupport
import Testing

/// What a reader pastes is what runs here.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct ReadmeTests {
    @Test func tourByHandDoesWhatItSays() throws {
        let host = try TestHost()
        let tour = try block(below: "## Try it by hand")
        let output = try host.run(
            "env", "PATH=\(Executables.own):/usr/sbin:/usr/bin:/sbin:/bin", "CNI_PATH=\(Executables.own)", "unshare",
            "--mount", "--propagation", "private", "sh", "-euxc",
            """
            cd '\(Repository.root)'
            mount -t tmpfs tmpfs /run
            mount -t tmpfs tmpfs /var/lib
            \(tour)
            echo "namespaces: $(ip netns list)"
            echo "kept: $(find /var/lib/cni -name '10.*' -o -path '*/results/*')"
            """)
        #expect(output.contains("10.22.0.2/16"))
        #expect(output.contains(" 0% packet loss"))
        #expect(output.contains("cni_bridge"))
        #expect(output.hasSuffix("namespaces: \nkept: \n"))
        #expect(try host.linkNames() == ["cni0", "lo"])
        #expect(try host.ruleset().isEmpty)
    }

    @Test(arguments: ["sudo ./install.sh", "sudo Tests/run"])
    func beginsWithTheTwoCommands(command: String) throws {
        #expect(try Repository.text("README.md").contains("```sh\n\(command)\n```"))
    }

    @Test(arguments: ConfTests.files)
    func tellsOfEveryConfiguration(file: String) throws {
        #expect(try Repository.text("README.md").contains("`\(file)`"))
    }

    @Test func linksLeadSomewhere() throws {
        let text = try Repository.text("README.md")
        for link in text.matches(of: /\]\(([^)#:]+)\)/) {
            #expect(FileManager.default.fileExists(atPath: Repository.path(String(link.1))), "\(link.1)")
        }
    }

    /// The first block of commands below a heading.
    private func block(below heading: String) throws -> String {
        func rest(of text: String, after mark: String) throws -> String {
            let range = try #require(text.range(of: mark))
            return String(text[range.upperBound...])
        }
        let section = try rest(of: Repository.text("README.md"), after: "\(heading)\n")
        return try #require(rest(of: section, after: "```sh\n").components(separatedBy: "```").first)
    }
}
