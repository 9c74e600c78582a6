import Foundation

/// The kubelet's side of the Container Runtime Interface: gRPC calls over a unix socket, with curl for the HTTP/2.
///
/// Field numbers are those of `runtime.v1` in `k8s.io/cri-api/pkg/apis/runtime/v1/api.proto`.
struct CRIClient: Sendable {
    /// What the runtime answered instead of a result.
    struct CallError: Error, CustomStringConvertible {
        var method: String
        var message: String

        var description: String { "\(method): \(message)" }
    }

    let host: ContainerHost
    let socket: URL

    /// Whether the runtime has loaded a network configuration; false as well while it does not answer.
    func isNetworkReady() async throws -> Bool {
        guard let status = try? await call("Status") else { return false }
        let conditions = try status.message(1).messages(1)
        return conditions.contains { $0.string(1) == "NetworkReady" && $0.integer(2) == 1 }
    }

    /// Makes a pod's sandbox and returns its identifier.
    func runPodSandbox(_ configuration: ProtobufMessage) async throws -> String {
        try await call("RunPodSandbox", [1: .message(configuration)]).string(1)
    }

    /// Returns the addresses of a pod, the first one first.
    func addresses(ofSandbox sandbox: String) async throws -> [String] {
        let network = try await call("PodSandboxStatus", [1: .string(sandbox)]).message(1).message(5)
        return [network.string(1)] + (try network.messages(2).map { $0.string(1) })
    }

    /// Creates and starts a container in a pod, and returns its identifier.
    func runContainer(image: String, in sandbox: String, of configuration: ProtobufMessage) async throws -> String {
        let container: ProtobufMessage.Value = [1: [1: "container"], 2: [1: .string(image)]]
        let identifier = try await call(
            "CreateContainer", [1: .string(sandbox), 2: container, 3: .message(configuration)]
        ).string(1)
        _ = try await call("StartContainer", [1: .string(identifier)])
        return identifier
    }

    /// Runs a command in a container, at most 20 seconds long, and returns its standard output.
    func execute(_ command: [String], in container: String) async throws -> String {
        let answer = try await call("ExecSync", [1: .string(container), 2: .strings(command), 3: 20])
        guard answer.integer(3) == 0 else {
            throw CallError(
                method: command.joined(separator: " "),
                message: "exit \(answer.integer(3)): \(answer.string(1))\(answer.string(2))")
        }
        return answer.string(1)
    }

    func stopPodSandbox(_ sandbox: String) async throws {
        _ = try await call("StopPodSandbox", [1: .string(sandbox)])
    }

    func removePodSandbox(_ sandbox: String) async throws {
        _ = try await call("RemovePodSandbox", [1: .string(sandbox)])
    }

    private func call(_ method: String, _ request: ProtobufMessage = [:]) async throws -> ProtobufMessage {
        let message = request.encoded
        let length = (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) }
        // Trailers carry the status; curl dumps them after the headers.
        let headers = host.directory.appending(path: "commands/\(UUID().uuidString).headers")
        let output = try await host.run(
            "curl", "--silent", "--show-error", "--http2-prior-knowledge", "--unix-socket", socket.path,
            "--header", "content-type: application/grpc", "--header", "te: trailers",
            "--dump-header", headers.path, "--data-binary", "@-",
            "http://localhost/runtime.v1.RuntimeService/\(method)",
            input: Data([0] + length + message))
        let fields = try Self.fields(String(contentsOf: headers, encoding: .utf8))
        guard fields["grpc-status"] == "0" else {
            throw CallError(method: method, message: fields["grpc-message"]?.removingPercentEncoding ?? "no answer")
        }
        return try ProtobufMessage(parsing: Array(output.bytes.dropFirst(5)))
    }

    private static func fields(_ headers: String) -> [String: String] {
        let pairs = headers.split(whereSeparator: \.isNewline).compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return (line[..<colon].lowercased(), value)
        }
        return Dictionary(pairs) { $1 }
    }
}
