/// Columns that line up, with a heading.
struct TextTable {
    let heading: [String]
    /// Each with as many columns as the heading.
    let rows: [[String]]

    var text: String {
        let lines = [heading] + rows
        let widths = heading.indices.dropLast().map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { $0 + String(repeating: " ", count: max(0, $1 + 2 - $0.count)) }.joined()
                + (line.last ?? "")
        }
        .joined(separator: "\n")
    }
}
