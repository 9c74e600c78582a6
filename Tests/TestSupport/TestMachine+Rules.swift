/// The nf_tables rules of a machine.
extension TestMachine where Self: ~Copyable {
    /// The ruleset as nft(8) prints it; empty when there is none.
    package borrowing func ruleset() throws -> String {
        try run("nft", "list", "ruleset")
    }

    /// The ruleset as nft(8) prints it in JSON, without the numbers that the kernel gives out.
    package borrowing func rulesetJSON() throws -> String {
        try run("nft", "-j", "list", "ruleset").replacing(/"handle": [0-9]+(, )?/, with: "")
    }

    /// The names of all chains, sorted.
    package borrowing func chains() throws -> [String] {
        try ruleset().matches(of: /chain (\S+) \{/).map { String($0.1) }.sorted()
    }

    /// The elements of all sets and maps, or of those in a part of the ruleset, sorted, as nft(8) prints them.
    package borrowing func elements(of part: [String] = ["ruleset"]) throws -> [String] {
        try output(of: "nft", ["list"] + part).matches(of: /elements = \{([^}]*)\}/).flatMap { match in
            match.1.split(separator: ",").map { element in
                element.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
        }.sorted()
    }
}
