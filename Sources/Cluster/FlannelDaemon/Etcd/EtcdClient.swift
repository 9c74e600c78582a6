#if Daemon
import AsyncHTTPClient
import Glibc
import JSON
import LinuxSystem
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Speaks to etcd over its JSON gateway, with whichever member answers.
final class EtcdClient: Sendable {
    private let options: EtcdOptions
    private let http: HTTPClient
    private let state = Mutex(State())

    private struct State {
        /// The endpoint that answered last.
        var endpoint = 0
        /// Proves who asks; nil where that is not known yet, or not asked for.
        var token: String?
    }

    /// Seconds that an answer may take.
    private static let patience = Duration.seconds(5)
    /// What is read of one answer, in bytes.
    private static let answerLimit = 4 << 20

    init(_ options: EtcdOptions, on group: any EventLoopGroup) throws {
        self.options = options
        var configuration = HTTPClient.Configuration(tlsConfiguration: try Self.tls(options))
        // With etcd, HTTP 2 is for gRPC.
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(2)
        // Another endpoint may answer at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        configuration.http1_1ConnectionDebugInitializer = Self.keepAlive
        http = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// An authority alone is enough for TLS, and without one the system's are asked.
    private static func tls(_ options: EtcdOptions) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if !options.authorityFile.isEmpty { tls.trustRoots = .file(options.authorityFile) }
        if !options.certificateFile.isEmpty, !options.keyFile.isEmpty {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(options.certificateFile).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: options.keyFile, format: .pem))
        }
        return tls
    }

    /// Has the kernel notice that the other end is gone without a word: after a minute.
    private static let keepAlive: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
        let times = [(TCP_KEEPIDLE, 30), (TCP_KEEPINTVL, 10), (TCP_KEEPCNT, 3)].map { option, value in
            channel.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: option)), value: value)
        }
        let switchedOn = channel.setOption(.socketOption(.so_keepalive), value: 1)
        return EventLoopFuture.andAllComplete(times + [switchedOn], on: channel.eventLoop)
    }

    // MARK: Calls

    /// Asks for one answer.
    ///
    /// - Throws: `EtcdError`; `CancellationError`.
    func call<Answer: JSONReadable & Sendable>(_ path: String, _ request: JSONObject) async throws -> Answer {
        try await withEndpoint { endpoint in
            let body = try await within(Self.patience) {
                let response = try await self.send(path, request, to: endpoint)
                do {
                    return try await response.body.collect(upTo: Self.answerLimit)
                } catch is NIOTooManyBytesError {
                    throw EtcdError.tooLong
                }
            }
            return try Self.read(Array(body.readableBytesView))
        }
    }

    /// Asks for answers that come one by one, each a line.
    ///
    /// - Parameters:
    ///   - path: of the gateway.
    ///   - request: what is asked.
    ///   - take: gets each answer, and says whether more are wanted.
    /// - Throws: `EtcdError`; what `take` throws; `CancellationError`.
    func stream<Answer: JSONReadable & Sendable>(
        _ path: String, _ request: JSONObject, _ take: @Sendable (Answer) async throws -> Bool
    ) async throws {
        let (endpoint, response) = try await withEndpoint { endpoint in
            (endpoint, try await within(Self.patience) { try await self.send(path, request, to: endpoint) })
        }
        var line: [UInt8] = []
        do {
            for try await chunk in response.body {
                for piece in chunk.readableBytesView.split(
                    separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
                ).enumerated() {
                    if piece.offset > 0 {
                        if !line.isEmpty, try await !take(Self.part(line)) { return }
                        line.removeAll(keepingCapacity: line.count < 1 << 16)
                    }
                    line += piece.element
                    guard line.count <= Self.answerLimit else { throw EtcdError.tooLong }
                }
            }
            if !line.isEmpty { _ = try await take(Self.part(line)) }
        } catch let error as EtcdError {
            if error.isForOthers { leave(endpoint) }
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            leave(endpoint)
            throw EtcdError.unreachable(["\(endpoint): \(Self.text(error))"])
        }
    }

    /// The endpoint that answered last.
    var endpoint: String { options.endpoints[state.withLock { $0.endpoint } % options.endpoints.count] }

    /// Has the next endpoint asked from now on, unless that is so already.
    private func leave(_ endpoint: String) {
        state.withLock { state in
            let place = state.endpoint % options.endpoints.count
            if options.endpoints[place] == endpoint { state.endpoint = (place + 1) % options.endpoints.count }
        }
    }

    /// Tries the endpoints in turn, from the one that answered last on.
    private func withEndpoint<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        var causes: [String] = []
        for _ in options.endpoints {
            let endpoint = endpoint
            do {
                return try await withToken { try await body(endpoint) }
            } catch let error as EtcdError where !error.isForOthers {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                if Task.isCancelled { throw CancellationError() }
                causes.append("\(endpoint): \(Self.text(error))")
                leave(endpoint)
            }
        }
        throw EtcdError.unreachable(causes)
    }

    /// Asks for a new token where the old one is none any more, as it is minutes later.
    private func withToken<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as EtcdError where error.isAboutToken && !options.user.isEmpty {
            state.withLock { $0.token = nil }
            return try await body()
        }
    }

    private func send(_ path: String, _ request: JSONObject, to endpoint: String) async throws -> HTTPClientResponse {
        let response = try await send(path, request, to: endpoint, with: try await token(from: endpoint))
        guard response.status == .ok else {
            let body = Array(try await response.body.collect(upTo: Self.answerLimit).readableBytesView)
            throw EtcdError(answer: (try? JSONValue(parsing: body)) ?? .null, status: Int(response.status.code))
        }
        return response
    }

    private func send(
        _ path: String, _ request: JSONObject, to endpoint: String, with token: String?
    ) async throws -> HTTPClientResponse {
        var message = HTTPClientRequest(url: endpoint + path)
        message.method = .POST
        message.headers.add(name: "Content-Type", value: "application/json")
        // A member that has lost the others does not answer with what it last knew.
        message.headers.add(name: "Grpc-Metadata-hasleader", value: "true")
        if let token { message.headers.add(name: "Authorization", value: token) }
        message.body = .bytes(request.serialized())
        return try await http.execute(message, deadline: .distantFuture)
    }

    private func token(from endpoint: String) async throws -> String? {
        guard !options.user.isEmpty else { return nil }
        if let token = state.withLock({ $0.token }) { return token }
        let request: JSONObject = ["name": .string(options.user), "password": .string(options.password)]
        let response = try await send("/v3/auth/authenticate", request, to: endpoint, with: nil)
        let body = Array(try await response.body.collect(upTo: Self.answerLimit).readableBytesView)
        let answer = (try? JSONValue(parsing: body)) ?? .null
        guard response.status == .ok else {
            let error = EtcdError(answer: answer, status: Int(response.status.code))
            if error.isWithoutAuthentication { return nil }
            throw error
        }
        guard let token: String = try? JSONReader(answer).required("token") else {
            throw EtcdError.malformed("no token")
        }
        state.withLock { $0.token = token }
        return token
    }

    // MARK: Answers

    private static func read<Answer: JSONReadable>(_ bytes: [UInt8]) throws(EtcdError) -> Answer {
        do {
            return try Answer(reading: JSONReader(try JSONValue(parsing: bytes)))
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// One of several answers: a result, or an error after which no more come.
    private static func part<Answer: JSONReadable>(_ line: [UInt8]) throws(EtcdError) -> Answer {
        let part: StreamPart<Answer> = try read(line)
        switch part {
        case .result(let answer): return answer
        case .failure(let value): throw EtcdError(answer: value, status: 200)
        }
    }

    private enum StreamPart<Answer: JSONReadable>: JSONReadable {
        case result(Answer)
        case failure(JSONValue)

        init(reading reader: JSONReader) throws(JSONError) {
            if let error: JSONValue = try reader.optional("error") {
                self = .failure(error)
            } else {
                self = .result(try reader.required("result"))
            }
        }
    }

    /// What went wrong on the way, without what only programmers read.
    private static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { text($0.error) } ?? "no address of \(error.host)"
        case let error as IOError: Self.reason(of: error)
        case let error as HTTPClientError where error == .connectTimeout: "no connection within 2 s"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "the connection was closed"
        default: "\(error)"
        }
    }

    /// As in `Connection refused`, which stands in the brackets of `connect(…): Connection refused (errno: 111)`.
    private static func reason(of error: IOError) -> String {
        "\(Errno(rawValue: error.errnoCode))"
    }
}
#endif
