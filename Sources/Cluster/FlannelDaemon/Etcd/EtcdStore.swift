#if Daemon
import Flannel
import JSON

/// The network configuration and the leases in etcd: `PREFIX/config`, `PREFIX/subnets/…`.
struct EtcdStore: Sendable {
    let client: EtcdClient
    /// The folder of both.
    let folder: String

    /// All leases at one revision.
    struct Listing: Sendable {
        let header: EtcdHeader
        let records: [EtcdRecord]
    }

    /// Seconds that a lease lasts which nobody renews.
    static let timeToLive: Int64 = 86400

    // MARK: Reading

    /// The network as an administrator wrote it.
    ///
    /// - Throws: `NetworkConfigurationError` when there is none, or it will not do; `EtcdError`.
    func network() async throws -> ClusterNetwork {
        let answer: EtcdRange = try await client.call("/v3/kv/range", EtcdRequest.range(Array("\(folder)/config".utf8)))
        guard let record = answer.records.first else {
            throw NetworkConfigurationError.invalid(
                "flannel config not found in etcd store: there is no key \(folder)/config. Did you create your config "
                    + "using etcdv3 API?")
        }
        return try ClusterNetwork(parsing: record.value)
    }

    /// Reads all leases, in parts that are not too long for one answer.
    func leases() async throws -> Listing {
        var header: EtcdHeader?
        var records: [EtcdRecord] = []
        var first = leaseFolder
        var limit = Self.recordsAtOnce
        while true {
            let page: EtcdRange
            do {
                page = try await range(from: first, limit: limit, at: header?.revision ?? 0)
            } catch EtcdError.tooLong where limit > 1 {
                limit = max(1, limit / 10)
                continue
            } catch EtcdError.tooLong {
                // No lease's value is that long. Without it, it is named as one that cannot be read.
                page = try await range(from: first, limit: 1, at: header?.revision ?? 0, hasKeysOnly: true)
            }
            header = header ?? page.header
            records += page.records
            guard page.isPartial, let last = page.records.last else { break }
            first = last.key + [0]
        }
        guard let header else { throw EtcdError.malformed("no header") }
        return Listing(header: header, records: records)
    }

    private static let recordsAtOnce = 500

    private func range(
        from first: [UInt8], limit: Int, at revision: Int64, hasKeysOnly: Bool = false
    ) async throws -> EtcdRange {
        let end = EtcdRequest.end(ofPrefix: leaseFolder)
        return try await client.call(
            "/v3/kv/range",
            EtcdRequest.range(first, to: end, limit: limit, revision: revision, hasKeysOnly: hasKeysOnly))
    }

    /// What the store says now, which tells whether it is still the same.
    func header() async throws -> EtcdHeader {
        let answer: EtcdRange = try await client.call(
            "/v3/kv/range", EtcdRequest.range(Array("\(folder)/config".utf8), hasKeysOnly: true))
        return answer.header
    }

    /// Follows all leases from a revision on, until an answer is the last.
    func watch(from revision: Int64, _ take: @Sendable (EtcdWatchPart) async throws -> Bool) async throws {
        let end = EtcdRequest.end(ofPrefix: leaseFolder)
        try await client.stream("/v3/watch", EtcdRequest.watch(leaseFolder, to: end, from: revision), take)
    }

    // MARK: Writing

    /// Writes a lease on condition that it has last been written at a revision, 0 for one that is not there.
    ///
    /// - Returns: the revision that it is written at; nil when somebody else was first.
    func write(
        _ attributes: LeaseAttributes, to name: String, lease: Int64, ifModifiedAt revision: Int64
    ) async throws -> Int64? {
        let request = EtcdRequest.put(
            key(name), attributes.object.serialized(), lease: lease, ifModifiedAt: revision)
        let answer: EtcdTransaction = try await client.call("/v3/kv/txn", request)
        return answer.succeeded ? answer.header.revision : nil
    }

    /// Deletes a lease on the same condition.
    func delete(_ record: EtcdRecord) async throws {
        let request = EtcdRequest.delete(record.key, ifModifiedAt: record.modified)
        let _: EtcdTransaction = try await client.call("/v3/kv/txn", request)
    }

    /// Gets time for a key.
    func grant() async throws -> Int64 {
        let answer: EtcdLease = try await client.call(
            "/v3/lease/grant", ["TTL": EtcdRequest.number(Self.timeToLive)])
        return answer.id
    }

    /// Gives back what no key needs.
    func revoke(_ lease: Int64) async throws {
        let _: JSONValue = try await client.call("/v3/lease/revoke", ["ID": EtcdRequest.number(lease)])
    }

    /// Begins the time of a lease again.
    ///
    /// - Returns: the seconds that it has now; nil when it is over.
    func keepAlive(_ lease: Int64) async throws -> Int64? {
        let answer: StreamedLease = try await client.call("/v3/lease/keepalive", ["ID": EtcdRequest.number(lease)])
        return answer.result.timeToLive > 0 ? answer.result.timeToLive : nil
    }

    /// The seconds that a lease has left; nil when it is over.
    func timeLeft(of lease: Int64) async throws -> Int64? {
        let answer: EtcdLease = try await client.call(
            "/v3/lease/timetolive", ["ID": EtcdRequest.number(lease)])
        return answer.timeToLive > 0 ? answer.timeToLive : nil
    }

    /// A stream of one answer.
    private struct StreamedLease: JSONReadable {
        let result: EtcdLease

        init(reading reader: JSONReader) throws(JSONError) {
            result = try reader.required("result")
        }
    }

    // MARK: Names

    private var leaseFolder: [UInt8] { Array("\(folder)/subnets/".utf8) }

    private func key(_ name: String) -> [UInt8] { leaseFolder + Array(name.utf8) }

    /// What a key is called in its folder.
    func name(of record: EtcdRecord) -> String {
        String(decoding: record.key.dropFirst(leaseFolder.count), as: UTF8.self)
    }

    func tableRecord(_ record: EtcdRecord) -> LeaseTable.Record {
        LeaseTable.Record(
            name: name(of: record), value: record.value, created: record.created, modified: record.modified)
    }
}
#endif
