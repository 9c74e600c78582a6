import LinuxSystem
import Netlink

/// Statements that a packet goes through one by one, until one does not match or decides.
package struct Rule: Hashable, Sendable {
    package var chain: Chain
    package var statements: [Statement]
    /// At most 128 bytes, without double quotes; nil for none.
    package var comment: String?

    package init(in chain: Chain, _ statements: Statement..., comment: String? = nil) {
        self.chain = chain
        self.statements = statements
        self.comment = comment
    }

    /// What the kernel does, step by step.
    var expressions: [Expression] {
        var met: [Requirement] = []
        var expressions: [Expression] = []
        for statement in statements {
            for requirement in statement.requirements where !met.contains(requirement) {
                met.append(requirement)
                expressions += requirement.expressions(in: chain.table.family)
            }
            expressions += statement.expressions
        }
        return expressions
    }
}

/// A rule that is in the kernel.
package struct ListedRule: Hashable, Sendable {
    /// The number that deletes it.
    package let handle: UInt64
    /// As nft(8) would show it; iptables keeps its comments elsewhere.
    package let comment: String?
    /// `NFTA_RULE_EXPRESSIONS`, which few who list rules need to have read.
    let expressionBytes: [UInt8]

    /// The verdict at its end; nil when it has none, or takes it from a map.
    package var verdict: Verdict? {
        expressions?.last { $0.verdict != nil }?.verdict
    }

    /// Whether the kernel does for this rule what it would do for another one.
    ///
    /// Their comments may differ, and so may what the rules have counted.
    package func does(theSameAs rule: Rule) -> Bool {
        expressions == rule.expressions
    }

    /// The comment, wherever nft(8) or iptables(8) keeps it.
    package var anyComment: String? {
        comment ?? expressions?.lazy.compactMap(\.comment).first
    }

    /// Whether it decides as another one does, whatever they count and say.
    package func decides(as rule: Rule) -> Bool {
        expressions?.filter { !$0.isSilent } == rule.expressions.filter { !$0.isSilent }
    }

    /// Whether the first thing that it does is what a statement does, in a table of a family.
    package func begins(with statement: Statement, in family: TableFamily) -> Bool {
        let rule = Rule(in: Chain(in: Table(family, ""), ""), statement)
        return expressions?.starts(with: rule.expressions) == true
    }

    /// Whether no packet that comes to it gets further: `drop`, `reject`, also in the words of iptables(8).
    package var refusesEverything: Bool {
        guard let steps = expressions?.filter({ !$0.isSilent }), let step = steps.first, steps.count == 1 else {
            return false
        }
        return step.verdict == .drop || step.isRejection
    }

    /// What the kernel does, step by step; nil when it cannot be read.
    var expressions: [Expression]? {
        var expressions: [Expression] = []
        do throws(SystemError) {
            try expressionBytes.span.forEachAttribute { (_, element) throws(SystemError) in
                expressions.append(try Expression(element))
            }
        } catch {
            return nil
        }
        return expressions
    }
}
