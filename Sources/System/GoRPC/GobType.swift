/// The type of a value that is sent; receivers match structures by the names of their members.
package indirect enum GobType: Hashable, Sendable {
    case integer
    case unsigned
    case bytes
    case string
    case list(_ name: String, of: GobType)
    case structure(_ name: String, [Member])

    package struct Member: Hashable, Sendable {
        let name: String
        let type: GobType

        package init(_ name: String, _ type: GobType) {
            self.name = name
            self.type = type
        }
    }

    /// What net/rpc answers with where there is nothing to say.
    package static let nothing = GobType.structure("", [])

    /// The number of a type that every stream knows; nil for one that is defined in it.
    var basicIdentifier: Int64? {
        switch self {
        case .integer: Basic.integer
        case .unsigned: Basic.unsigned
        case .bytes: Basic.bytes
        case .string: Basic.string
        case .list, .structure: nil
        }
    }

    /// Numbers of types in every stream: encoding/gob, type.go.
    enum Basic {
        static let bool: Int64 = 1
        static let integer: Int64 = 2
        static let unsigned: Int64 = 3
        static let float: Int64 = 4
        static let bytes: Int64 = 5
        static let string: Int64 = 6
        static let wireType: Int64 = 16
        static let arrayType: Int64 = 17
        static let commonType: Int64 = 18
        static let sliceType: Int64 = 19
        static let structType: Int64 = 20
        static let fieldType: Int64 = 21
        static let fieldList: Int64 = 22
        static let mapType: Int64 = 23
        /// Without a number in streams: the description of a type that encodes itself.
        static let selfEncodedType: Int64 = 24
    }
}
