import JSON

/// A key as etcd has it.
struct EtcdRecord: JSONReadable, Hashable, Sendable {
    let key: [UInt8]
    let value: [UInt8]
    /// When the key came, and when it was last written; revisions of the whole store.
    let created: Int64
    let modified: Int64
    /// The lease that it ends with; 0 for none.
    let lease: Int64

    init(reading reader: JSONReader) throws(JSONError) {
        key = try reader.bytes("key")
        value = try reader.bytes("value")
        created = try reader.number("create_revision")
        modified = try reader.number("mod_revision")
        lease = try reader.number("lease")
    }

    /// The key as text; bytes that are none become signs that no lease's name has.
    var name: String { String(decoding: key, as: UTF8.self) }
}

/// What etcd says with every answer.
struct EtcdHeader: JSONReadable, Hashable, Sendable {
    let cluster: String
    /// That of the store, when it answered.
    let revision: Int64

    init(reading reader: JSONReader) throws(JSONError) {
        cluster = try reader.optional("cluster_id") ?? ""
        revision = try reader.number("revision")
    }
}

/// The answer to reading keys.
struct EtcdRange: JSONReadable {
    let header: EtcdHeader
    let records: [EtcdRecord]
    /// Whether there are more than the limit.
    let isPartial: Bool

    init(reading reader: JSONReader) throws(JSONError) {
        header = try reader.required("header")
        records = try reader.optional("kvs") ?? []
        isPartial = try reader.optional("more") ?? false
    }
}

/// The answer to a transaction.
struct EtcdTransaction: JSONReadable {
    let header: EtcdHeader
    let succeeded: Bool

    init(reading reader: JSONReader) throws(JSONError) {
        header = try reader.required("header")
        succeeded = try reader.optional("succeeded") ?? false
    }
}

/// A lease, by which keys end unless it is kept alive.
struct EtcdLease: JSONReadable {
    let id: Int64
    /// Seconds that are left; 0 or less for a lease that is over.
    let timeToLive: Int64
    /// Seconds that it was granted for, where the answer tells.
    let granted: Int64

    init(reading reader: JSONReader) throws(JSONError) {
        id = try reader.number("ID")
        timeToLive = try reader.number("TTL")
        granted = try reader.number("grantedTTL")
    }
}

/// A part of the answer to watching.
struct EtcdWatchPart: JSONReadable {
    let header: EtcdHeader
    let isCreated: Bool
    let isCanceled: Bool
    /// What has been forgotten up to; 0 where that is not the matter.
    let compacted: Int64
    let cancelReason: String
    let events: [Event]

    enum Event: JSONReadable {
        case put(EtcdRecord)
        case delete(EtcdRecord)

        init(reading reader: JSONReader) throws(JSONError) {
            let record: EtcdRecord = try reader.required("kv")
            self = try reader.optional("type") ?? "PUT" == "DELETE" ? .delete(record) : .put(record)
        }
    }

    init(reading reader: JSONReader) throws(JSONError) {
        header = try reader.required("header")
        isCreated = try reader.optional("created") ?? false
        isCanceled = try reader.optional("canceled") ?? false
        compacted = try reader.number("compact_revision")
        cancelReason = try reader.optional("cancel_reason") ?? ""
        events = try reader.optional("events") ?? []
    }
}

extension JSONReader {
    /// A 64-bit number, which the gateway writes as text, and leaves out where it is 0.
    fileprivate func number(_ name: String) throws(JSONError) -> Int64 {
        switch try optional(name, as: JSONValue.self) {
        case nil: return 0
        case .string(let text)?:
            guard let number = Int64(text) else { throw fail("expected a number, got \"\(text)\"", at: name) }
            return number
        default: return try required(name)
        }
    }

    /// Bytes, which the gateway leaves out where there are none.
    fileprivate func bytes(_ name: String) throws(JSONError) -> [UInt8] {
        let text: String = try optional(name) ?? ""
        guard let bytes = Base64.decode(text) else { throw fail("expected base 64", at: name) }
        return bytes
    }
}

extension EtcdHeader {
    /// The same store later.
    func advanced(to revision: Int64) -> EtcdHeader { EtcdHeader(cluster: cluster, revision: revision) }

    private init(cluster: String, revision: Int64) {
        self.cluster = cluster
        self.revision = revision
    }
}
