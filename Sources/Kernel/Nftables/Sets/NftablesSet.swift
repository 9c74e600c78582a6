/// A named set, or a named map, which has data for each of its keys; both look a key up in constant time.
package struct NftablesSet: Hashable, Sendable, CustomStringConvertible {
    package var table: Table
    package var name: String
    /// Of all keys; several are a concatenation: `type inet_proto . inet_service`.
    package var keyType: [DataType]
    /// Of what a map has for each key; nil for a set.
    package var dataType: MapDataType?
    /// Stored when the set is created; nil for none.
    package var comment: String?

    /// Describes a set, or a map when there is a type of data: `type ipv4_addr : verdict`.
    package init(
        in table: Table, _ name: String, _ keyType: [DataType], to dataType: MapDataType? = nil,
        comment: String? = nil
    ) {
        self.table = table
        self.name = name
        self.keyType = keyType
        self.dataType = dataType
        self.comment = comment
    }

    package var description: String {
        "\(table) \(name)"
    }

    /// `set` or `map`.
    var word: String {
        dataType == nil ? "set" : "map"
    }

    /// What all data of a map is.
    package enum MapDataType: Hashable, Sendable {
        case verdict
        /// Several are a concatenation: `ipv4_addr . inet_service`.
        case values([DataType])
    }

    /// What a map has for a key.
    package enum MapData: Hashable, Sendable {
        case verdict(Verdict)
        case values([DataValue])
    }

    /// A key of a set, or a key of a map and its data.
    package struct Element: Hashable, Sendable {
        package var set: NftablesSet
        package var key: [DataValue]
        /// Nil in a set.
        package var data: MapData?
        /// At most 128 bytes, without double quotes; nil for none.
        package var comment: String?

        package init(in set: NftablesSet, _ key: [DataValue], _ data: MapData? = nil, comment: String? = nil) {
            self.set = set
            self.key = key
            self.data = data
            self.comment = comment
        }

        /// The verdict that a map has for the key; nil for other data.
        package var verdict: Verdict? {
            guard case .verdict(let verdict) = data else { return nil }
            return verdict
        }
    }
}
