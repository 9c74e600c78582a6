/// What goes before the arguments of a call: net/rpc, `Request`.
package struct RPCRequest: Hashable, Sendable {
    /// As in `DHCP.Allocate`.
    package let method: String
    /// What tells which call an answer is to.
    package let sequence: UInt64

    package init(_ method: String, sequence: UInt64 = 0) {
        self.method = method
        self.sequence = sequence
    }

    package init(_ value: GobValue) {
        method = value["ServiceMethod"]?.string ?? ""
        sequence = value["Seq"]?.unsigned ?? 0
    }

    package var value: GobValue {
        .structure(["ServiceMethod": .string(method), "Seq": .unsigned(sequence)])
    }

    package static let type = GobType.structure(
        "Request", [.init("ServiceMethod", .string), .init("Seq", .unsigned)])
}

/// What goes before the result of a call: net/rpc, `Response`.
package struct RPCResponse: Hashable, Sendable {
    package let request: RPCRequest
    /// Empty when the call succeeded; else the result means nothing.
    package let error: String

    package init(to request: RPCRequest, error: String = "") {
        self.request = request
        self.error = error
    }

    package init(_ value: GobValue) {
        request = RPCRequest(value)
        error = value["Error"]?.string ?? ""
    }

    package var value: GobValue {
        .structure([
            "ServiceMethod": .string(request.method), "Seq": .unsigned(request.sequence), "Error": .string(error),
        ])
    }

    package static let type = GobType.structure(
        "Response", [.init("ServiceMethod", .string), .init("Seq", .unsigned), .init("Error", .string)])

    /// Whether the server has no such method; a later one may.
    package var isOfUnknownMethod: Bool { error.hasPrefix("rpc: can't find ") }

    /// The answer to a call of a method that a server does not have.
    package static func unknownMethod(_ request: RPCRequest) -> RPCResponse {
        RPCResponse(to: request, error: "rpc: can't find method \(request.method)")
    }
}
