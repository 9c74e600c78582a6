/// What the layout is judged by in the text of a Swift file.
struct Source: Sendable {
    let lineCount: Int
    /// The modules that the file imports, by whatever access and whichever declaration of theirs.
    private(set) var imports: Set<String> = []
    /// The names of the types that the file declares, those within others and aliases included.
    private(set) var types: Set<String> = []

    private static let declarations = ["struct ", "class ", "enum ", "actor ", "protocol ", "typealias "]

    init(_ text: String) {
        let importing =
            #/
            (?:@\w+\ +)*(?:(?:public|package|internal|fileprivate|private)\ +)?import\ +
            (?:(?:struct|class|enum|protocol|typealias|func|let|var)\ +)?(\w+).*
            /#
        let declaring =
            #/
            \ *(?:[@\w()]+\ +)*(?:struct|class|enum|actor|protocol|typealias)\ +(\w+).*
            /#

        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        lineCount = lines.count - 1
        // Made-up sources in tests are no sources.
        var isInLiteral = false
        for line in lines {
            if line.contains("\"\"\"") { isInLiteral.toggle() }
            guard !isInLiteral else { continue }
            if line.contains("import "), let match = line.wholeMatch(of: importing) { imports.insert(String(match.1)) }
            if Self.declarations.contains(where: line.contains), let match = line.wholeMatch(of: declaring) {
                types.insert(String(match.1))
            }
        }
    }
}
