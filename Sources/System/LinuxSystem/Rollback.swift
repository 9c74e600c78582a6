/// What has to be undone unless everything succeeds: newest first, and on past errors.
public struct Rollback: ~Copyable {
    private var steps: [(name: String, undo: () throws -> Void)] = []
    private let report: (String) -> Void

    /// - Parameter report: takes a line for every undo that failed.
    public init(report: @escaping (String) -> Void) {
        self.report = report
    }

    /// Adds the undo of a step that has just succeeded.
    public mutating func register(_ name: String, _ undo: @escaping () throws -> Void) {
        steps.append((name, undo))
    }

    /// Keeps what was done.
    public consuming func commit() {
        steps.removeAll()
    }

    deinit {
        for step in steps.reversed() {
            do {
                try step.undo()
            } catch {
                report("undo: \(step.name): \(error)")
            }
        }
    }
}
