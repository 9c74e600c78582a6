package import Addressing
package import JSON

/// The range sets of a network, each of which gives one address to a container.
package struct AddressPool {
    /// At least one, apart from each other.
    package let sets: [RangeSet]

    private let places: RangeMap<Place>

    /// Where an address is.
    package struct Place {
        /// Of the set, in their order.
        package let set: Int
        package let range: AddressRange
    }

    /// Why there is no pool.
    package struct Defect: Error, Hashable {
        package let message: String
        /// Where it stands in the configuration; nil where it is more than one place.
        package let path: String?
    }

    /// - Throws: what is wrong, in the reference's words: no set, or sets that overlap.
    package init(_ sets: [RangeSet]) throws(Defect) {
        guard !sets.isEmpty else { throw Defect(message: "no IP ranges specified", path: nil) }
        if let (set, other) = firstOverlap(of: sets.map { $0.ranges.map(\.addresses) }) {
            throw Defect(message: "range set \(set) overlaps with \(other)", path: nil)
        }
        self.sets = sets
        places = RangeMap(
            sets.enumerated().flatMap { number, set in
                set.ranges.map { ($0.addresses, Place(set: number, range: $0)) }
            })
    }

    /// Reads the ranges of an `ipam` object, without what its `exclude` lists.
    ///
    /// - Parameters:
    ///   - ipam: has them in `ranges`, or one written straight into it.
    ///   - demanded: ranges that the runtime asks for, which come first.
    /// - Throws: a `Defect`, or a `JSONError` of the member that does not read.
    package init(reading ipam: JSONReader, behind demanded: [WrittenRangeSet]) throws {
        let exclusions = Exclusions(try ipam.optional("exclude", as: [WrittenExclusion].self)?.map(\.network) ?? [])
        var written = demanded
        if try ipam.optional("subnet", as: JSONValue.self) != nil { written.append(try WrittenRangeSet(legacy: ipam)) }
        written += try ipam.optional("ranges") ?? []
        let sets = try written.enumerated().map { number, set throws(Defect) in
            do throws(WrittenRangeSet.Defect) {
                return try set.canonical(without: exclusions)
            } catch {
                throw Defect(message: "invalid range set \(number): \(error.message)", path: error.path)
            }
        }
        try self.init(sets)
    }

    /// Where an address is, nil when it is in no set.
    package func place(of address: IPAddress) -> Place? {
        places.entry(of: address)?.value
    }
}
