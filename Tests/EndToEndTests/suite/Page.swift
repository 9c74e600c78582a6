import Foundation
import JSON
import TestSupport
import Testing

/// A page that users read: README.md at the top or in a folder of a plugin or tool, or another text at the top.
struct Page: CustomTestStringConvertible, Sendable {
    /// From the root of the repository.
    let path: String
    let text: String

    static let top = try? Page("README.md")

    /// One for each folder of a plugin or tool.
    static let ofPrograms = programs.compactMap { try? Page("\($0)/README.md") }

    static let all =
        [top].compactMap(\.self) + ofPrograms + ["CONTRIBUTING.md", "CHANGELOG.md"].compactMap { try? Page($0) }

    /// The folders of plugins and tools.
    static let programs = ["Sources/Plugins", "Sources/Tools"].flatMap { layer in
        Repository.names(in: layer).map { "\(layer)/\($0)" }.filter { !Repository.names(in: $0).isEmpty }
    }

    init(_ path: String) throws {
        self.path = path
        text = try Repository.text(path)
    }

    var testDescription: String { path }

    /// Where links start from.
    var folder: String { String(path.prefix(path.count - (path.split(separator: "/").last?.count ?? 0))) }

    /// A fenced block, without the indentation that it has in a list.
    struct Block: Sendable {
        let language: String
        let text: String
        /// The heading that it stands below.
        let heading: String
    }

    var blocks: [Block] {
        var blocks: [Block] = []
        var heading = ""
        var open: (language: String, indentation: Int, lines: [Substring])?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let current = open {
                if line.drop(while: { $0 == " " }) == "```" {
                    blocks.append(
                        Block(
                            language: current.language, text: current.lines.map { $0 + "\n" }.joined(), heading: heading
                        ))
                    open = nil
                } else {
                    open?.lines.append(line.dropFirst(current.indentation))
                }
            } else if let fence = line.firstMatch(of: /^( *)```(\w*)$/) {
                open = (String(fence.2), fence.1.count, [])
            } else if let title = line.firstMatch(of: /^#+ (.+)$/) {
                heading = String(title.1)
            }
        }
        return blocks
    }

    /// The first block of commands below a heading.
    func commands(below heading: String) throws -> String {
        try #require(blocks.first { $0.language == "sh" && $0.heading == heading }?.text, "\(path): \(heading)")
    }

    /// What links within the page may name, as GitHub makes it: letters, digits and hyphens for spaces.
    var anchors: Set<String> {
        Set(
            prose.matches(of: /(?m)^#+ (.+)$/).map { heading in
                String(
                    heading.1.lowercased().map { $0 == " " ? "-" : $0 }
                        .filter { $0.isLetter || $0.isNumber || $0 == "-" })
            })
    }

    /// The targets of links within the repository.
    var links: [String] {
        prose.matches(of: /\]\(([^)]+)\)/).map { String($0.1) }.filter { !$0.contains("://") }
    }

    /// What stands in backticks within text.
    var codeSpans: [String] { prose.matches(of: /`([^`\n]+)`/).map { String($0.1) } }

    /// Every JSON that is shown: blocks, and members or values within text.
    var shownJSON: [String] {
        blocks.filter { $0.language == "json" }.map(\.text)
            + codeSpans.filter { $0.contains("\":") }.compactMap { span in
                switch span.first {
                case "{", "[": span
                case "\"": "{\(span)}"
                default: nil
                }
            }
    }

    /// The configurations of networks among them.
    var configurations: [String] {
        shownJSON.filter { (try? JSONValue(parsing: $0))?.object?["plugins"] != nil }
    }

    /// What the tables of keys list.
    var keys: [String] {
        var keys: [String] = []
        var isInTable = false
        for line in prose.split(separator: "\n", omittingEmptySubsequences: false) {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("|"), let first = cells.first else {
                isInTable = false
                continue
            }
            if first == "key" { isInTable = true }
            if isInTable { keys += first.matches(of: /`([^`]+)`/).map { String($0.1) } }
        }
        return keys
    }

    /// The page without its blocks.
    private var prose: String {
        text.replacing(/(?ms)^ *```.*?^ *```$/, with: "")
    }
}
