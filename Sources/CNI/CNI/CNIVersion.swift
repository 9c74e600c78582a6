package import Addressing

/// A version of the CNI specification that this suite speaks.
package enum CNIVersion: String, CaseIterable, Comparable, Sendable {
    case v0_1_0 = "0.1.0"
    case v0_2_0 = "0.2.0"
    case v0_3_0 = "0.3.0"
    case v0_3_1 = "0.3.1"
    case v0_4_0 = "0.4.0"
    case v1_0_0 = "1.0.0"
    case v1_1_0 = "1.1.0"

    package static let latest = CNIVersion.v1_1_0

    /// How results are written in this version.
    var shape: CNIResult.Shape {
        switch self {
        case .v0_1_0, .v0_2_0: .onePerFamily
        case .v0_3_0, .v0_3_1, .v0_4_0: .versionedAddresses
        case .v1_0_0, .v1_1_0: .plainAddresses
        }
    }

    /// Sees that results of this version have room for addresses: before 0.3.0 there is one of each family.
    ///
    /// - Throws: code 1.
    package func requireRoom(for families: [AddressFamily]) throws(CNIError) {
        guard shape == .onePerFamily, families.count > Set(families).count else { return }
        throw CNIError(
            .incompatibleVersion, "CNI version \(rawValue) does not support more than 1 address per family")
    }

    package static func < (left: CNIVersion, right: CNIVersion) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A version as a configuration spells it, known to this suite or not.
package struct VersionNumber: Hashable, Comparable, Sendable {
    private let parts: [Int]

    /// Splits at dots: at most three numbers, missing ones 0, and no text at all means 0.1.0.
    ///
    /// - Throws: code 6 for anything else.
    package init(_ text: String) throws(CNIError) {
        var parts: [Int] = []
        for part in (text.isEmpty ? CNIVersion.v0_1_0.rawValue : text).split(
            separator: ".", omittingEmptySubsequences: false)
        {
            guard let number = Int(part), number >= 0, parts.count < 3 else {
                throw CNIError(.decoding, "cniVersion: expected a version such as 1.0.0, got \"\(text)\"")
            }
            parts.append(number)
        }
        self.parts = parts + Array(repeating: 0, count: 3 - parts.count)
    }

    package static func < (left: VersionNumber, right: VersionNumber) -> Bool {
        left.parts.lexicographicallyPrecedes(right.parts)
    }
}
