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

    @Test func overlayOnOneMachineDoesWhatItSaysAndLeavesNothing() throws {
        let host = try TestHost()
        let script = try block(below: "### Try it on one machine")
        let output = try host.namespace.output(
            of: "env", ["CNI_PATH=\(Executables.own)"] + host.launcher + ["sh", "-euc", script])
        let pairs = ["12", "13", "21", "23", "31", "32", "41", "42", "43"]
        let lines = output.split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(pairs.count)
                == pairs.map { "container\($0.prefix(1)) reaches container\($0.suffix(1)) with 1450 bytes" }[...])
        #expect(lines.filter { $0.contains(" dev vxlan.1 ") }.count == 3)
        // The container has lost the interface that the plugin gave it.
        #expect(lines.count == pairs.count + 4 && lines.last?.hasPrefix("lo ") == true, "\(output)")
        #expect(try host.linkNames() == ["lo"])
        // mount(8) has a folder in /run wherever it runs.
        #expect(host.directory.names().filter { $0 != "mount" } == ["lib"])
        #expect(host.directory.names(in: "lib").isEmpty)
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

    @Test func linksWithinLeadToHeadings() throws {
        let text = try Repository.text("README.md")
        // As GitHub makes them: letters, digits and hyphens for spaces.
        let headings = text.matches(of: /\n#+ ([^\n]+)/).map { heading in
            String(
                heading.1.lowercased().map { $0 == " " ? "-" : $0 }.filter { $0.isLetter || $0.isNumber || $0 == "-" })
        }
        for link in text.matches(of: /\]\(#([^)]+)\)/) {
            #expect(headings.contains(String(link.1)), "\(link.1)")
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
