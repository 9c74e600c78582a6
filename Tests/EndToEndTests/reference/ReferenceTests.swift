import JSON
import LinuxSystem
import TestSupport
import Testing

/// The same configuration and environment into the reference and into this suite, in two fresh hosts each: what a
/// runtime and the kernel show of it is the same, names and addresses of chance and what is intended aside.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.hasReference))
struct ReferenceTests {
    @Test(
        arguments: ReferenceCase.versions + ReferenceCase.layer2 + ReferenceCase.options + ReferenceCase.failures
            + ReferenceCase.sequences
            + ReferenceCase.changes)
    func everyStepShowsTheSame(test: ReferenceCase) async throws {
        async let ours = onThread { try ReferenceSide(test, by: Executables.own).lines() }
        async let theirs = onThread { try ReferenceSide(test, by: Executables.reference).lines() }
        let differences = try await ours.sorted().difference(from: theirs.sorted()).map { change in
            switch change {
            case .insert(_, let line, _): "ours: \(line)"
            case .remove(_, let line, _): "theirs: \(line)"
            }
        }
        let unexpected = differences.filter { line in !test.differences.contains { $0.covers(line) } }
        #expect(unexpected.isEmpty, "\(unexpected.joined(separator: "\n"))")
        for intended in test.differences {
            #expect(differences.contains(where: intended.covers), "no more: \(intended.reason)")
        }
    }

    @Test(arguments: ReferenceCase.failures)
    func errorsHaveTheSameWords(test: ReferenceCase) throws {
        let messages = try [Executables.own, Executables.reference].map { directory in
            let outcome = try ReferenceSide(test, by: directory).run(.add)
            var message = outcome?.errorMessage?.replacing(directory, with: "PATH")
            // Some of the reference's have one.
            if message?.hasSuffix(".") == true { message?.removeLast() }
            return message
        }
        #expect(messages[1] != nil)
        #expect(messages[0] == messages[1])
    }

    /// A node that is moved to this suite, or back, with its containers running.
    @Test(arguments: ReferenceCase.versions.filter { $0.version >= "0.4.0" } + ReferenceCase.options, [true, false])
    func eachChecksAndDeletesWhatTheOtherAdded(test: ReferenceCase, isOursFirst: Bool) throws {
        let sides = [Executables.own, Executables.reference]
        let (first, second) = isOursFirst ? (sides[0], sides[1]) : (sides[1], sides[0])
        let side = try ReferenceSide(test, by: first)
        let added = try #require(try side.run(.add))
        try #require(added.succeeded, "\(added.output)")
        // What the reference does not find in order when it is its own, it does not find in order here.
        if test.differences.isEmpty || second == Executables.own {
            let checked = try side.run(.check, by: second)
            #expect(checked?.succeeded == true, "\(checked?.output ?? "")")
        }
        let deleted = try side.run(.delete, by: second)
        if test.usesOwnTables && second == Executables.reference {
            // The reference knows nothing of our tables, and Debian's stops at a chain that is not there; ours knows its.
            let isRefused = deleted?.errorMessage?.contains("does not exist") == true
            #expect(isRefused == test.masquerades, "\(deleted?.output ?? "")")
            #expect(try side.run(.delete, by: first)?.succeeded == true)
        } else {
            #expect(deleted?.succeeded == true, "\(deleted?.output ?? "")")
        }
        #expect(try side.container().link("eth0") == nil)
        #expect(side.network.leasedAddresses.isEmpty)
        let rules = try side.host.ruleset()
        #expect(!rules.contains("cid1"), "\(rules)")
    }
}
