/// The members of a JSON object in their order; equal only to an object with the same order.
package struct JSONObject: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package let name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The members in order; no two have the same name, but some may differ only in case.
    package private(set) var members: [Member] = []

    /// The names that came more than once, for whom it matters.
    package private(set) var repeatedNames: [String] = []

    package init() {}

    /// Collects members; of those with the same name the last value counts, at the place of the first.
    package init(_ members: some Sequence<Member>) {
        // Comparing with every earlier name is fastest for the few members that objects have, but quadratic.
        let indexedFrom = 16
        var indices: [[UInt8]: Int] = [:]
        for member in members {
            let index: Int?
            if self.members.count < indexedFrom {
                index = self.index(ofExactly: member.name)
            } else {
                if indices.isEmpty {
                    for (index, member) in self.members.enumerated() {
                        indices[Array(member.name.utf8)] = index
                    }
                }
                let name = Array(member.name.utf8)
                index = indices[name]
                if index == nil {
                    indices[name] = self.members.count
                }
            }
            if let index {
                self.members[index].value = member.value
                repeatedNames.append(member.name)
            } else {
                self.members.append(member)
            }
        }
    }

    package var isEmpty: Bool {
        members.isEmpty
    }

    package var count: Int {
        members.count
    }

    /// The value of a member, by its exact name.
    ///
    /// Reading falls back on a name that differs only in the case of ASCII letters, the last one of several, as
    /// existing plugins do. Writing goes by the exact name: it replaces the value in place or appends a member, and
    /// nil removes the member.
    package subscript(name: String) -> JSONValue? {
        get {
            if let index = index(ofExactly: name) {
                return members[index].value
            }
            return members.last { $0.name.equalsIgnoringCase(name) }?.value
        }
        set {
            switch (index(ofExactly: name), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Whether reading a member of this name would give a value, `null` included.
    package func contains(_ name: String) -> Bool {
        self[name] != nil
    }

    /// The value of a member of exactly this name, case included, as for names that another program is to read.
    package func value(ofExactly name: String) -> JSONValue? {
        index(ofExactly: name).map { members[$0].value }
    }

    /// The members that reading none of these names would give.
    package func without(_ names: [String]) -> JSONObject {
        var result = self
        result.members.removeAll { member in names.contains { $0.equalsIgnoringCase(member.name) } }
        return result
    }

    /// Gives a member a value, unless there is one of exactly this name, be it null.
    package mutating func setDefault(_ name: String, _ value: JSONValue) {
        if index(ofExactly: name) == nil { self[name] = value }
    }

    /// The same object with its members, and those of every object in it, ordered by the bytes of their names.
    package var sorted: JSONObject {
        var result = self
        result.members = members.map { Member(name: $0.name, value: $0.value.sorted) }
        result.members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return result
    }

    private func index(ofExactly name: String) -> Int? {
        members.firstIndex { $0.name.hasSameBytes(as: name) }
    }
}

extension JSONObject {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members == right.members
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(members)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self.init(members.lazy.map(Member.init))
    }
}

extension String {
    /// Whether the names are the same to JSON, which unlike Swift knows no canonical equivalence.
    fileprivate func hasSameBytes(as other: String) -> Bool {
        self == other && utf8.elementsEqual(other.utf8)
    }

    fileprivate func equalsIgnoringCase(_ other: String) -> Bool {
        utf8.count == other.utf8.count
            && utf8.elementsEqual(other.utf8) { left, right in
                left == right
                    || left ^ right == 0x20 && UInt8(ascii: "a")...UInt8(ascii: "z") ~= left | 0x20
            }
    }
}
