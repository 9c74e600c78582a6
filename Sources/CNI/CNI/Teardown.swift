/// Steps that are all taken whatever becomes of each, with every error told at the end.
package struct Teardown {
    private var errors: [CNIError] = []

    package init() {}

    /// Takes a step.
    package mutating func attempt(_ step: () throws -> Void) {
        do {
            try step()
        } catch {
            errors.append(CNIError(describing: error))
        }
    }

    /// Takes over the errors of a part.
    package mutating func append(_ part: Teardown) {
        errors += part.errors
    }

    /// Ends the teardown.
    ///
    /// - Throws: the error of the one step that failed, unchanged; of several, the first one's code with all their words.
    package func finish() throws(CNIError) {
        guard let first = errors.first else { return }
        guard errors.count > 1 else { throw first }
        throw CNIError(first.code, errors.map(\.description).joined(separator: "; "))
    }
}
