import LinuxSystem

/// How long something took.
struct Duration {
    let nanoseconds: Int

    /// Times a body.
    static func of(_ body: () throws -> Void) rethrows -> Duration {
        let start = MonotonicClock.nanoseconds
        try body()
        return Duration(nanoseconds: MonotonicClock.nanoseconds - start)
    }
}

/// Durations of one cell, in order of length.
struct Samples {
    private let sorted: [Int]

    init(_ durations: [Duration]) {
        sorted = durations.map(\.nanoseconds).sorted()
    }

    /// The duration that a share of the runs did not exceed, in milliseconds.
    func quantile(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let index = Int(Double(sorted.count - 1) * share)
        return Double(sorted[index]) / 1_000_000
    }

    var median: Double { quantile(0.5) }
}

/// One quantity of both sides.
struct Row {
    let name: String
    let own: Samples
    let reference: Samples

    /// Prints rows as a Markdown table under a heading.
    static func printTable(_ title: String, _ rows: [Row]) {
        print("\n\(title)\n")
        print("| | ours p50 | ours p90 | reference p50 | reference p90 | ratio of p50 |")
        print("|---|---:|---:|---:|---:|---:|")
        for row in rows {
            let times = [row.own.median, row.own.quantile(0.9), row.reference.median, row.reference.quantile(0.9)]
            let cells =
                times.map { decimal($0, digits: 2) } + [decimal(row.own.median / row.reference.median, digits: 3)]
            print("| \(row.name) | \(cells.joined(separator: " | ")) |")
        }
    }

    static func decimal(_ number: Double, digits: Int) -> String {
        guard number.isFinite, number < 1e9 else { return "-" }
        let unit = (0..<digits).reduce(1) { product, _ in product * 10 }
        let parts = Int((number * Double(unit)).rounded())
        let fraction = "\(parts % unit)"
        return "\(parts / unit).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }
}
