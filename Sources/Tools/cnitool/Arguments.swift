/// The words of the command line that nothing has taken yet.
struct Arguments {
    private var words: [String]

    init(_ words: some Sequence<String>) {
        self.words = Array(words)
    }

    var isEmpty: Bool { words.isEmpty }

    /// Takes an option without a value, by any of its names.
    mutating func flag(_ names: String...) -> Bool {
        let count = words.count
        words.removeAll { names.contains($0) }
        return words.count < count
    }

    /// Takes an option and its value, as in `-i eth1` and `--ifname=eth1`; nil when it is not there.
    ///
    /// - Throws: when there is no value, or more than one.
    mutating func value(of names: String...) throws(UsageError) -> String? {
        var found: String?
        func isNamed(_ word: String) -> Bool { names.contains { word == $0 || word.hasPrefix("\($0)=") } }
        while let index = words.firstIndex(where: isNamed) {
            let parts = words.remove(at: index).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard found == nil else { throw UsageError("\(parts[0]) is given more than once") }
            if parts.count == 2 {
                found = String(parts[1])
            } else {
                guard index < words.count else { throw UsageError("\(parts[0]) needs a value") }
                found = words.remove(at: index)
            }
        }
        return found
    }

    /// Takes the next word.
    ///
    /// - Throws: when there is none, or an option that nothing has taken.
    mutating func operand(_ description: String) throws(UsageError) -> String {
        guard let word = try optionalOperand() else { throw UsageError("\(description) is missing") }
        guard !word.isEmpty else { throw UsageError("\(description) is empty") }
        return word
    }

    /// Takes the next word; nil when there is none.
    ///
    /// - Throws: when it is an option that nothing has taken.
    mutating func optionalOperand() throws(UsageError) -> String? {
        guard let word = words.first else { return nil }
        guard !word.hasPrefix("-") else { throw UsageError("there is no option \(word) here") }
        return words.removeFirst()
    }

    /// - Throws: when words are left.
    func end() throws(UsageError) {
        guard let word = words.first else { return }
        guard !word.hasPrefix("-") else { throw UsageError("there is no option \(word) here") }
        throw UsageError("\"\(word)\" is one argument too many")
    }
}

/// A command line that is not to be understood.
struct UsageError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// Several errors, each on a line of its own.
struct Failure: Error {
    let lines: [String]
}
