/// The targets of a Package.swift, as far as its text tells: calls whose arguments are literals, also of functions that are
/// declared in it and return a target.
struct Manifest {
    struct Target: Equatable {
        var name: String
        /// From the root of the package.
        var path: String
        var dependencies: [String]
        /// Of other packages.
        var products: [String] = []
        /// As in `executableTarget`.
        var kind: String

        /// What is wrong with the dependencies of a target whose files have these imports, a line each.
        ///
        /// Tests may run an executable that they do not import, which is to be built before them.
        func differences(from imports: Set<String>, in targets: [Target]) -> [String] {
            let needed = imports.intersection(targets.map(\.name)).subtracting([name])
            let executables = Set(targets.filter { $0.kind == "executableTarget" }.map(\.name))
            let run = kind == "testTarget" ? executables : []
            let declared = Set(dependencies)
            return needed.subtracting(declared).sorted().map { "\($0) is missing" }
                + declared.subtracting(needed).subtracting(run).sorted().map { "\($0) is not imported" }
                + products.filter { !imports.contains($0) }.map { "\($0) is not imported" }
                + (declared.count < dependencies.count ? ["one is named twice"] : [])
        }
    }

    let targets: [Target]

    init(_ text: String) {
        let functions = text.matches(of: /(?ms)^func (\w+)\((.*?)\) -> Target \{\n(.*?)^\}/).map { match in
            (name: match.1, parameters: Self.names(ofParameters: match.2), body: Call(match.3))
        }
        let list = text.firstMatch(of: /(?m)^    targets: \[$/).map { text[$0.range.upperBound...] } ?? ""
        targets = Call.all(in: Call.balanced(list)).compactMap { call in
            guard !call.name.hasPrefix(".") else { return Self.target(call) }
            guard let function = functions.first(where: { $0.name == call.name }), let body = function.body else {
                return nil
            }
            // The last parameter takes all arguments that are left.
            var values: [String: [String]] = [:]
            for (index, argument) in call.arguments.enumerated() {
                guard let name = function.parameters.dropFirst(index).first ?? function.parameters.last else { break }
                values[name, default: []] += Self.literals(in: argument.text)
            }
            return Self.target(body, values)
        }
    }

    private static func names(ofParameters list: Substring) -> [String] {
        list.split(separator: ",").compactMap { parameter in
            (parameter.firstMatch(of: /(\w+):/)?.1).map(String.init)
        }
    }

    private static func target(_ call: Call, _ values: [String: [String]] = [:]) -> Target? {
        let product = /\.product\(name: "(\w+)"[^()]*(\([^()]*\))?[^()]*\)/
        func argument(_ label: String) -> [String] {
            guard let written = call.arguments.first(where: { $0.label == label })?.text else { return [] }
            let text = Substring(written.replacing(product, with: ""))
            let own = literals(in: text).map { literal in
                literal.replacing(/\\\((\w+)\)/) { values[String($0.1)]?.first ?? "" }
            }
            let bare = text.replacing(/"[^"]*"/, with: "")
            return own + bare.matches(of: /\w+/).flatMap { values[String($0.0)] ?? [] }
        }
        guard let name = argument("name").first, let path = argument("path").first else { return nil }
        return Target(
            name: name, path: path, dependencies: argument("dependencies"),
            products: call.arguments.flatMap { $0.text.matches(of: product).map { String($0.1) } },
            kind: String(call.name.drop { $0 == "." }))
    }

    private static func literals(in text: Substring) -> [String] {
        text.matches(of: /"([^"]*)"/).map { String($0.1) }
    }
}

/// A call in the text of a manifest.
private struct Call {
    let name: Substring
    let arguments: [(label: String?, text: Substring)]

    /// The first call in a text.
    init?(_ text: Substring) {
        guard let head = text.firstMatch(of: /(\.?\w+)\(/) else { return nil }
        name = head.1
        arguments = Self.split(Self.balanced(text[head.range.upperBound...])).map { argument in
            guard let label = argument.firstMatch(of: #/^\s*(\w+): /#) else { return (nil, argument) }
            return (String(label.1), argument[label.range.upperBound...])
        }
    }

    /// The calls in a list.
    static func all(in list: Substring) -> [Call] {
        split(list).compactMap(Call.init)
    }

    /// The text up to the bracket that closes what was open at its beginning.
    static func balanced(_ text: Substring) -> Substring {
        var end = text.endIndex
        walk(text) { index, _, depth in
            if depth < 0, end == text.endIndex { end = index }
        }
        return text[..<end]
    }

    /// The parts between commas that no bracket encloses.
    private static func split(_ text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        walk(text) { index, character, depth in
            guard character == ",", depth == 0 else { return }
            parts.append(text[start..<index])
            start = text.index(after: index)
        }
        return parts + [text[start...]]
    }

    /// Visits each character outside of literals, with how many brackets are open behind it.
    private static func walk(_ text: Substring, _ visit: (Substring.Index, Character, Int) -> Void) {
        var depth = 0
        var isInLiteral = false
        for index in text.indices {
            let character = text[index]
            if character == "\"" { isInLiteral.toggle() }
            guard !isInLiteral else { continue }
            if "([{".contains(character) { depth += 1 }
            if ")]}".contains(character) { depth -= 1 }
            visit(index, character, depth)
        }
    }
}
