import FlannelDaemon

/// A flag of the command line, and its variable.
struct Flag: Sendable {
    let name: String
    /// What its argument is called; nil for one that is on or off.
    let argument: String?
    let group: Group
    let help: String
    let apply: @Sendable (inout DaemonOptions, String) throws(ArgumentError) -> Void

    enum Group: String, CaseIterable {
        case store = "Where the network and the leases are"
        case host = "This host"
        case packets = "What is done to packets"
        case files = "Files"
        case health = "Health and metrics"
        case others = "Others"
    }

    /// `FLANNELD_ETCD_ENDPOINTS` for `etcd-endpoints`.
    var variable: String { "FLANNELD_" + name.uppercased().map { $0 == "-" ? "_" : "\($0)" }.joined() }

    /// All flags with their groups.
    static var usage: String {
        var text = """
            usage: flanneld [flags]

            Joins this host to a flannel network, and keeps it in step with the other hosts. Flags take one dash or two,
            and their values behind a blank or =. Each may be a variable instead: FLANNELD_ETCD_ENDPOINTS.

            """
        let width = (all.map { $0.title.count }.max() ?? 0) + 2
        for group in Group.allCases {
            text += "\n\(group.rawValue):\n"
            for flag in all where flag.group == group && !flag.help.isEmpty {
                text += "  \(flag.title)\(String(repeating: " ", count: width - flag.title.count))\(flag.help)\n"
            }
        }
        return String(text.dropLast())
    }

    private var title: String { "--\(name)" + (argument.map { " \($0)" } ?? "") }

    // MARK: Kinds

    static func text(
        _ name: String, _ argument: String, _ group: Group, _ help: String,
        _ path: any WritableKeyPath<DaemonOptions, String> & Sendable
    ) -> Flag {
        Flag(name: name, argument: argument, group: group, help: help) {
            (options, value) throws(ArgumentError) in options[keyPath: path] = value
        }
    }

    static func number(
        _ name: String, _ argument: String, _ group: Group, _ help: String,
        _ path: any WritableKeyPath<DaemonOptions, Int> & Sendable
    ) -> Flag {
        Flag(name: name, argument: argument, group: group, help: help) {
            (options, value) throws(ArgumentError) in
            guard let number = Int(value) else {
                throw ArgumentError("invalid value \"\(value)\" for flag -\(name): expected a number")
            }
            options[keyPath: path] = number
        }
    }

    static func list(
        _ name: String, _ argument: String, _ group: Group, _ help: String, isRepeatable: Bool,
        _ path: any WritableKeyPath<DaemonOptions, [String]> & Sendable
    ) -> Flag {
        Flag(name: name, argument: argument, group: group, help: help) {
            (options, value) throws(ArgumentError) in
            if isRepeatable {
                options[keyPath: path].append(value)
            } else {
                options[keyPath: path] = value.split(separator: ",").map(String.init)
            }
        }
    }

    static func option(
        _ name: String, _ group: Group, _ help: String, _ path: any WritableKeyPath<DaemonOptions, Bool> & Sendable
    ) -> Flag {
        Flag(name: name, argument: nil, group: group, help: help) {
            (options, value) throws(ArgumentError) in options[keyPath: path] = try truth(value, name)
        }
    }

    /// As Go's strconv.ParseBool has it.
    static func truth(_ value: String, _ name: String) throws(ArgumentError) -> Bool {
        switch value {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw ArgumentError("invalid boolean value \"\(value)\" for -\(name): expected true or false")
        }
    }
}
