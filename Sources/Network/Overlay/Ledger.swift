/// What is there, to be ticked off one by one.
struct Ledger<Key: Hashable, Entry: Equatable> {
    private let entries: [Entry]
    /// The first entry of each key, by its place.
    private var places: [Key: Int]
    /// For each entry the next one of its key; where there is none, the entry itself.
    private var next: [Int]
    private var isTicked: [Bool]

    init(_ entries: [Entry], by key: (Entry) -> Key) {
        self.entries = entries
        places = Dictionary(minimumCapacity: entries.count)
        next = Array(entries.indices)
        isTicked = Array(repeating: false, count: entries.count)
        // From the back, so that the chain of a key is in the order of the entries.
        for place in entries.indices.reversed() {
            if let later = places.updateValue(place, forKey: key(entries[place])) { next[place] = later }
        }
    }

    /// Ticks off an entry that is as wanted.
    ///
    /// - Returns: false where there is none.
    mutating func tick(_ wanted: Entry, at key: Key) -> Bool {
        tick(at: key) { $0 == wanted } != nil
    }

    /// Ticks off the first entry of a key that fulfils a condition, and returns it.
    mutating func tick(at key: Key, where isMeant: (Entry) -> Bool = { _ in true }) -> Entry? {
        guard var place = places[key] else { return nil }
        while isTicked[place] || !isMeant(entries[place]) {
            guard next[place] != place else { return nil }
            place = next[place]
        }
        isTicked[place] = true
        return entries[place]
    }

    /// What has not been ticked off.
    var rest: [Entry] { zip(entries, isTicked).compactMap { $1 ? nil : $0 } }
}
