package import Flannel
import JSON

/// All hosts' leases as the store told them last.
///
/// What cannot be read is named once, and does not take away what was known before.
package struct LeaseTable: Sendable {
    /// By their names in the store.
    package private(set) var leases: [String: Lease] = [:]
    /// What has been told of the values that cannot be read, by the revisions that they came with.
    private var faults: [String: Int64] = [:]

    package init() {}

    /// A host's lease.
    package struct Lease: Hashable, Sendable {
        package let subnets: NodeSubnets
        package let attributes: LeaseAttributes
        /// The store's revision that the name came with: the smaller, the longer it has been there.
        package let created: Int64
        package let modified: Int64

        package init(subnets: NodeSubnets, attributes: LeaseAttributes, created: Int64, modified: Int64) {
            self.subnets = subnets
            self.attributes = attributes
            self.created = created
            self.modified = modified
        }
    }

    /// A name with its value, as it comes from the store.
    package struct Record: Hashable, Sendable {
        package let name: String
        package let value: [UInt8]
        package let created: Int64
        package let modified: Int64

        package init(name: String, value: [UInt8], created: Int64, modified: Int64) {
            self.name = name
            self.value = value
            self.created = created
            self.modified = modified
        }
    }

    /// What became of a host.
    package enum Change: Hashable, Sendable {
        case joined(Lease)
        case changed(Lease)
        case left(Lease)
        case unreadable(name: String, cause: String)

        var isUnreadable: Bool { if case .unreadable = self { true } else { false } }
    }

    /// Takes what the store has for a name.
    ///
    /// - Returns: what is news; nil when it is as before.
    package mutating func take(_ record: Record) -> Change? {
        guard let subnets = LeaseKey.subnets(in: record.name) else {
            return fault(record, "the name is not one of a lease, such as 10.244.1.0-24")
        }
        let attributes: LeaseAttributes
        do {
            attributes = try LeaseAttributes(parsing: record.value)
        } catch {
            return fault(record, "\(error)")
        }
        faults[record.name] = nil
        let lease = Lease(
            subnets: subnets, attributes: attributes, created: record.created, modified: record.modified)
        guard let known = leases.updateValue(lease, forKey: record.name) else { return .joined(lease) }
        return known.attributes == attributes ? nil : .changed(lease)
    }

    /// Takes away what the store has no more.
    package mutating func remove(_ name: String) -> Change? {
        faults[name] = nil
        return leases.removeValue(forKey: name).map(Change.left)
    }

    /// Takes all that the store has, and takes away what it has not.
    ///
    /// - Returns: what is news.
    package mutating func replaceAll(_ records: [Record]) -> [Change] {
        let names = Set(records.map(\.name))
        let gone = leases.keys.filter { !names.contains($0) }.sorted()
        for name in faults.keys where !names.contains(name) { faults[name] = nil }
        return gone.compactMap { remove($0) } + records.compactMap { take($0) }
    }

    /// What they were read from, by their names.
    package var records: [Record] {
        leases.sorted { $0.key < $1.key }.map { name, lease in
            Record(name: name, value: lease.attributes.object.serialized(), created: lease.created, modified: 0)
        }
    }

    /// The leases, those that have been there longest first.
    package var inOrder: [Lease] {
        leases.sorted { ($0.value.created, $0.key) < ($1.value.created, $1.key) }.map(\.value)
    }

    private mutating func fault(_ record: Record, _ cause: String) -> Change? {
        guard faults.updateValue(record.modified, forKey: record.name) != record.modified else { return nil }
        return .unreadable(name: record.name, cause: cause)
    }
}
