import Glibc
import LinuxSystem

/// What all subjects are measured with.
struct Bench {
    /// Measured runs of each cell, behind a few that only warm up.
    let runs: Int
    let own: String
    let reference: String

    var sides: [String] { [own, reference] }

    private static let warmUps = 3

    /// Measures both sides in turn, so that both see the same moments of a machine that others use too.
    ///
    /// The body takes a side's folder and the number of the run, and gives a duration for each quantity.
    func compare(_ quantities: [String], _ body: (String, Int) throws -> [Duration]) throws -> [Row] {
        let samples = try Self.measure(quantities.count, sides: sides.count, runs: runs) { side, run in
            try body(sides[side], run)
        }
        return zip(quantities, samples).map { name, sides in Row(name: name, own: sides[0], reference: sides[1]) }
    }

    /// Measures any number of sides in turn.
    ///
    /// - Returns: for each quantity the samples of each side.
    static func measure(
        _ quantities: Int, sides: Int, runs: Int, _ body: (Int, Int) throws -> [Duration]
    ) throws -> [[Samples]] {
        var durations = (0..<quantities).map { _ in (0..<sides).map { _ in [Duration]() } }
        for run in 0..<(runs + warmUps) {
            for side in 0..<sides {
                let measured = try body(side, run)
                guard run >= warmUps else { continue }
                for (quantity, duration) in measured.enumerated() { durations[quantity][side].append(duration) }
            }
        }
        return durations.map { $0.map(Samples.init) }
    }
}

/// Ends the program with words on standard error.
func fail(_ words: String) -> Never {
    StandardStreams.log(words)
    exit(1)
}
