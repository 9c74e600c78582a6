/// Columns that line up, with a heading.
struct TextTable {
    let heading: [String]
    /// Each with as many columns as the heading.
    let rows: [[String]]

    var text: String {
        let lines = [heading] + rows.map { $0.map(\.printable) }
        let widths = heading.indices.dropLast().map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { $0 + String(repeating: " ", count: max(0, $1 + 2 - $0.count)) }.joined()
                + (line.last ?? "")
        }
        .joined(separator: "\n")
    }
}

extension String {
    /// The text with a question mark for each character that a terminal would obey: files and interfaces may have any.
    var printable: String {
        var text = ""
        for scalar in unicodeScalars {
            text.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
        }
        return text
    }
}
