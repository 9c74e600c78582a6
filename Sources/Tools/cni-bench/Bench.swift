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
        var samples = quantities.map { _ in sides.map { _ in [Duration]() } }
        for run in 0..<(runs + Self.warmUps) {
            for (side, folder) in sides.enumerated() {
                let durations = try body(folder, run)
                guard run >= Self.warmUps else { continue }
                for (quantity, duration) in durations.enumerated() { samples[quantity][side].append(duration) }
            }
        }
        return zip(quantities, samples).map { name, sides in
            Row(name: name, own: Samples(sides[0]), reference: Samples(sides[1]))
        }
    }
}

/// Ends the program with words on standard error.
func fail(_ words: String) -> Never {
    StandardStreams.log(words)
    exit(1)
}
