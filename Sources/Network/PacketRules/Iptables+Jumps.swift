import Addressing
import LinuxSystem

/// Rules by which chains of all containers lead to those of one.
extension Iptables {
    /// Deletes rules of a chain, and the chains to which none of its rules leads any more; a family without iptables has
    /// none.
    ///
    /// - Parameters:
    ///   - base: the chain.
    ///   - isStale: which of its rules go, each as `iptables -S` prints it.
    /// - Returns: the rules of the chains that went, as they were.
    /// - Throws: what the programs refused.
    @discardableResult
    static func removeJumps(
        from base: String, where isStale: (String) -> Bool
    ) throws(SystemError) -> [String] {
        var removed: [String] = []
        for family in AddressFamily.allCases {
            guard let iptables = try? Iptables(family) else { continue }
            let rules = try iptables.rules()
            let jumps = rules.filter { $0.hasPrefix("-A \(base) ") }
            let stale = jumps.filter(isStale)
            guard !stale.isEmpty else { continue }
            let living = Set(jumps.filter { !stale.contains($0) }.map(target))
            let chains = Set(stale.map(target)).subtracting(living).filter { rules.contains("-N \($0)") }
            try iptables.change(
                stale.map { "-D" + $0.dropFirst(2) } + chains.flatMap { ["-F \($0)", "-X \($0)"] })
            removed += rules.filter { rule in chains.contains { rule.hasPrefix("-A \($0) ") } }
        }
        return removed
    }

    /// The last word of a rule, which is where it leads if it says no more than that.
    static func target(_ rule: String) -> String {
        rule.split(separator: " ").last.map(String.init) ?? ""
    }

    /// The comment of a rule as `iptables -S` prints it; quotes in it have a backslash.
    static func comment(_ text: String) -> String {
        #"-m comment --comment "\#(text.map { $0 == "\"" ? #"\""# : String($0) }.joined())""#
    }
}
