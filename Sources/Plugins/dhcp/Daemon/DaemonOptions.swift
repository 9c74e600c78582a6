import DHCP
import LinuxSystem

/// The daemon's command line: the reference's options, with one dash or two, and `-statedir`.
struct DaemonOptions: Hashable {
    /// Where it listens, unless it is given a socket.
    var socketPath = DHCPConfiguration.defaultSocketPath
    /// Where the host's files are, for a daemon that has others: goes before the paths of the socket, the leases and namespaces.
    var hostPrefix = ""
    /// A file for the process's number; empty for none.
    var processFile = ""
    /// Where leases are kept.
    var stateDirectory = "/var/lib/cni/dhcp"
    /// Whether all servers' answers are to be broadcast.
    var wantsBroadcast = false
    var patience = DHCPClient.Patience()

    /// What is wrong with a command line.
    struct Fault: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    static let usage = """
        usage: dhcp daemon [options]

          -socketpath PATH        where to listen (\(DHCPConfiguration.defaultSocketPath)), unless systemd passes a socket
          -hostprefix DIR         goes before the paths of the socket, the leases and the namespaces
          -pidfile PATH           a file for the process's number
          -statedir DIR           where leases are kept (/var/lib/cni/dhcp)
          -timeout DURATION       until an unanswered exchange begins anew (10s)
          -resendmax DURATION     the longest pause between two questions (1m2s)
          -resendtimeout DURATION until there will be no lease (3m28s)
          -broadcast              has servers broadcast their answers

        A DURATION is one such as 10s, 1m30s or 500ms.
        """

    /// - Throws: for an option that there is not, or a value that it does not take.
    init(_ arguments: [String]) throws(Fault) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else { throw Fault(description: "what is \"\(word)\"?") }
            let option = word.drop { $0 == "-" }
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = parts.first ?? ""
            func value() throws(Fault) -> String {
                guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
                    throw Fault(description: "option -\(name) needs a value")
                }
                return value
            }
            func duration() throws(Fault) -> Int {
                let text = try value()
                guard let milliseconds = Self.milliseconds(text), milliseconds > 0 else {
                    throw Fault(description: "option -\(name) needs a duration such as 10s, got \"\(text)\"")
                }
                return milliseconds
            }
            switch name {
            case "socketpath": socketPath = try value()
            case "hostprefix": hostPrefix = try value()
            case "pidfile": processFile = try value()
            case "statedir": stateDirectory = try value()
            case "timeout": patience.answer = try duration()
            case "resendmax": patience.pause = try duration()
            case "resendtimeout": patience.total = try duration()
            case "broadcast": wantsBroadcast = parts.count == 1 || ["1", "t", "true"].contains(parts[1].lowercased())
            default: throw Fault(description: "there is no option \(word)")
            }
        }
        for (name, path) in [("pidfile", processFile), ("statedir", stateDirectory)]
        where !path.isEmpty && !path.hasPrefix("/") {
            throw Fault(description: "option -\(name) needs an absolute path, got \"\(path)\"")
        }
    }

    /// Reads a duration as Go writes it: numbers with units, nothing between them.
    static func milliseconds(_ text: String) -> Int? {
        let units: [(name: String, milliseconds: Double)] = [
            ("ms", 1), ("us", 0.001), ("µs", 0.001), ("ns", 0.000001), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ]
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let unit = units.first(where: { rest.hasPrefix($0.name) }) else { return nil }
            rest = rest.dropFirst(unit.name.count)
            total += number * unit.milliseconds
        }
        return total < 1e12 ? Int(total.rounded(.up)) : nil
    }
}
