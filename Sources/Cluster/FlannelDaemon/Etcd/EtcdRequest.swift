import JSON

/// Requests of etcd's JSON gateway, `/v3/…`: keys and values in base 64, 64-bit numbers as texts.
enum EtcdRequest {
    /// Reads keys.
    ///
    /// - Parameters:
    ///   - first: the first key.
    ///   - end: the key behind the last; nil for the first alone.
    ///   - limit: how many at most; 0 for all.
    ///   - revision: as of when; 0 for now.
    ///   - hasKeysOnly: whether values are left out.
    /// - Returns: the request.
    static func range(
        _ first: [UInt8], to end: [UInt8]? = nil, limit: Int = 0, revision: Int64 = 0, hasKeysOnly: Bool = false
    ) -> JSONObject {
        var request: JSONObject = ["key": bytes(first)]
        if let end { request["range_end"] = bytes(end) }
        if limit > 0 { request["limit"] = number(Int64(limit)) }
        if revision > 0 { request["revision"] = number(revision) }
        if hasKeysOnly { request["keys_only"] = true }
        return request
    }

    /// Writes a key on condition that it has last been written at a revision, 0 for one that is not there.
    static func put(_ key: [UInt8], _ value: [UInt8], lease: Int64, ifModifiedAt revision: Int64) -> JSONObject {
        var put: JSONObject = ["key": bytes(key), "value": bytes(value)]
        if lease != 0 { put["lease"] = number(lease) }
        return transaction(key, revision, then: ["requestPut": .object(put)])
    }

    /// Deletes a key on the same condition.
    static func delete(_ key: [UInt8], ifModifiedAt revision: Int64) -> JSONObject {
        transaction(key, revision, then: ["requestDeleteRange": ["key": bytes(key)]])
    }

    private static func transaction(_ key: [UInt8], _ revision: Int64, then action: JSONValue) -> JSONObject {
        var condition: JSONObject = ["key": bytes(key), "result": "EQUAL"]
        condition["target"] = revision == 0 ? "VERSION" : "MOD"
        condition[revision == 0 ? "version" : "mod_revision"] = number(revision)
        return ["compare": [.object(condition)], "success": [action]]
    }

    /// Follows what becomes of a range of keys, from a revision on.
    static func watch(_ first: [UInt8], to end: [UInt8], from revision: Int64) -> JSONObject {
        [
            "create_request": [
                "key": bytes(first), "range_end": bytes(end), "start_revision": number(revision),
                "progress_notify": true,
            ]
        ]
    }

    /// The key behind all that begin as this one does.
    static func end(ofPrefix prefix: [UInt8]) -> [UInt8] {
        var end = prefix
        while let last = end.popLast() {
            if last < .max { return end + [last + 1] }
        }
        return [0]
    }

    static func number(_ value: Int64) -> JSONValue { .string("\(value)") }

    private static func bytes(_ value: [UInt8]) -> JSONValue { .string(Base64.encode(value)) }
}
