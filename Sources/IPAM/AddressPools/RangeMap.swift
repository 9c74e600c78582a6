import Addressing

/// Ranges that have no address in common, in the order of their addresses, and what belongs to each.
struct RangeMap<Value> {
    typealias Entry = (range: IPRange, value: Value)

    let entries: [Entry]

    /// - Parameter entries: in any order, and apart from each other.
    init(_ entries: [Entry]) {
        self.entries = entries.sorted { $0.range.first < $1.range.first }
    }

    /// The one range that has an address.
    func entry(of address: IPAddress) -> Entry? {
        let index = firstIndex(endingFrom: address)
        return index < entries.endIndex && entries[index].range.contains(address) ? entries[index] : nil
    }

    /// The ranges that have an address of another one.
    func entries(in range: IPRange) -> ArraySlice<Entry> {
        entries[firstIndex(endingFrom: range.first)...].prefix { $0.range.first <= range.last }
    }

    /// The first range that does not end in front of an address.
    private func firstIndex(endingFrom address: IPAddress) -> Int {
        var (low, high) = (entries.startIndex, entries.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].range.last < address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Two groups of ranges that have an address in common; the ranges of one group are apart from each other.
///
/// - Returns: the first group that overlaps with any, and the first one that it overlaps with.
func firstOverlap(of groups: [[IPRange]]) -> (Int, Int)? {
    let sorted = groups.enumerated().flatMap { group, ranges in ranges.map { (range: $0, group: group) } }
        .sorted { $0.range.first < $1.range.first }
    guard var furthest = sorted.first else { return nil }
    var overlapping: Set<Int> = []
    for entry in sorted.dropFirst() {
        if furthest.range.overlaps(entry.range) { overlapping.formUnion([furthest.group, entry.group]) }
        if entry.range.last > furthest.range.last { furthest = entry }
    }
    guard let first = overlapping.min() else { return nil }
    let ranges = RangeMap(groups[first].map { ($0, ()) })
    let others = sorted.lazy.filter { $0.group != first && !ranges.entries(in: $0.range).isEmpty }.map(\.group)
    return others.min().map { (first, $0) }
}
