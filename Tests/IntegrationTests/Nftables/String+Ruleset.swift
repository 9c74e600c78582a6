extension String {
    /// The lines and elements of a ruleset as nft(8) prints it, sorted, since the elements of a set come in any order.
    var rulesetParts: [String] {
        replacing(/elements = { | }/, with: "").split(separator: /[\n,]/)
            .map { $0.filter { !" \t".contains($0) } }.sorted()
    }
}
