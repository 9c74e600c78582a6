import JSON

/// Why etcd did not do what was asked.
enum EtcdError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No endpoint answered, with what each of them was about.
    case unreachable([String])
    /// It answered that it will not, with a number of google.rpc.Code.
    case refused(code: Int, String)
    /// The answer is longer than is read.
    case tooLong
    /// The answer is none.
    case malformed(String)
    /// What a watch was to begin with has been forgotten.
    case compacted
    /// The store is another one than before, or an older copy of it.
    case replaced

    /// Reads what came with a status that is no success.
    init(answer: JSONValue, status: Int) {
        let reader = JSONReader(answer)
        let message: String? = (try? reader.optional("message")) ?? (try? reader.optional("error"))
        self = .refused(code: (try? reader.optional("code")) ?? 0, message ?? "HTTP status \(status)")
    }

    /// Codes of google.rpc.Code.
    private static let unavailable = 14
    private static let unauthenticated = 16

    /// Whether another member of the cluster may do it.
    var isForOthers: Bool {
        if case .refused(Self.unavailable, _) = self { true } else { false }
    }

    /// Whether the token is none any more.
    var isAboutToken: Bool {
        guard case .refused(let code, let message) = self else { return false }
        return code == Self.unauthenticated || message.contains("invalid auth token")
    }

    /// Whether users are not asked for.
    var isWithoutAuthentication: Bool {
        guard case .refused(_, let message) = self else { return false }
        return message.contains("authentication is not enabled")
    }

    var description: String {
        switch self {
        case .unreachable(let causes): causes.joined(separator: "; ")
        case .refused(_, let message): message
        case .tooLong: "the answer is longer than is read"
        case .malformed(let cause): "not an answer of etcd's JSON gateway: \(cause)"
        case .compacted: "what came meanwhile has been compacted"
        case .replaced: "its data is another one's, or older than before"
        }
    }
}
