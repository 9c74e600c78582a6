import LinuxSystem
import TestSupport

/// A question that somebody asks at an address, and the answer of whoever is there.
enum Conversation {
    /// A socket that takes what comes to a port of a machine.
    static func server(
        _ kind: TestSocket.Kind, at port: UInt16, for address: String, in namespace: borrowing NetworkNamespace
    ) throws -> TestSocket {
        let server = try TestSocket(kind, for: address, in: namespace)
        try server.bind(address.contains(":") ? "::" : "0.0.0.0", port)
        if kind == .tcp { try server.listen() }
        return server
    }

    /// Asks, and hears the answer.
    ///
    /// - Returns: whom the server takes the question from.
    static func source(
        _ kind: TestSocket.Kind, from namespace: borrowing NetworkNamespace, to address: String, _ port: UInt16,
        with server: TestSocket
    ) throws -> String {
        let client = try TestSocket(kind, for: address, in: namespace)
        try client.connect(to: address, port)
        try client.send("question")
        let (question, source) = try (kind == .tcp ? server.accept() : server).answer("answer")
        guard question == "question", try client.receive() == "answer" else {
            throw CommandFailure(description: "\(address) \(port): another answer")
        }
        return source
    }

    /// Whether whoever asks is told that nobody is there.
    static func isRefused(
        _ kind: TestSocket.Kind, from namespace: borrowing NetworkNamespace, to address: String, _ port: UInt16
    ) throws -> Bool {
        let client = try TestSocket(kind, for: address, in: namespace)
        do {
            try client.connect(to: address, port)
            try client.send("question")
            _ = try client.receive()
            return false
        } catch let error as CommandFailure {
            return error.description.hasSuffix(": Connection refused")
        }
    }
}
