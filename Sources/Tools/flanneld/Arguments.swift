import FlannelDaemon

/// What the command line and the environment ask for.
struct Arguments {
    let request: Request

    enum Request {
        case run(DaemonOptions)
        case help
        case version
    }

    /// Reads them, as Go's programs do: `-name value`, `-name=value`, with one dash or two; a flag that is not given may be
    /// in the environment, as `FLANNELD_NAME`.
    ///
    /// - Parameters:
    ///   - words: the command line without the program's name.
    ///   - environment: the value of a variable.
    ///   - report: takes a line about a variable that will not do, which is passed over.
    /// - Throws: `ArgumentError`.
    init(_ words: [String], environment: (String) -> String?, report: (String) -> Void) throws(ArgumentError) {
        var options = DaemonOptions()
        var given: Set<String> = []
        var rest = words[...]
        while let word = rest.popFirst(), word != "--" {
            guard let text = Self.text(ofFlag: word) else { throw ArgumentError("unexpected argument \"\(word)\"") }
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = parts.first ?? ""
            if ["help", "h"].contains(name) {
                request = .help
                return
            }
            guard let flag = Flag.all.first(where: { $0.name == name }) else {
                throw ArgumentError("flag provided but not defined: -\(name); --help lists the flags")
            }
            let value: String
            if parts.count == 2 {
                value = parts[1]
            } else if flag.argument == nil {
                value = "true"
            } else if let next = rest.popFirst() {
                value = next
            } else {
                throw ArgumentError("flag needs an argument: -\(name)")
            }
            given.insert(name)
            try flag.apply(&options, value)
        }
        if options.asksForVersion {
            request = .version
            return
        }
        for flag in Flag.all where !given.contains(flag.name) {
            guard let value = environment(flag.variable), !value.isEmpty else { continue }
            do throws(ArgumentError) {
                try flag.apply(&options, value)
            } catch {
                report("flanneld: \(flag.variable): \(error), passed over")
            }
        }
        guard 1...1439 ~= options.renewMargin else {
            throw ArgumentError(
                "Invalid subnet-lease-renew-margin option, out of acceptable range: \(options.renewMargin) is not in 1 to 1439"
            )
        }
        guard !options.usesKubernetes else {
            throw ArgumentError(
                "--kube-subnet-mgr: leases by Kubernetes come with a later release; without it they are in etcd")
        }
        request = .run(options)
    }

    private static func text(ofFlag word: String) -> Substring? {
        guard word.hasPrefix("-"), word != "-" else { return nil }
        let text = word.hasPrefix("--") ? word.dropFirst(2) : word.dropFirst()
        return text.isEmpty || text.hasPrefix("-") || text.hasPrefix("=") ? nil : text
    }
}

/// What is wrong with an argument.
struct ArgumentError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
