#if Daemon
import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers `/healthz`, `/readyz` and `/metrics`.
struct HealthServer {
    private let channel: any Channel

    /// Listens.
    ///
    /// - Throws: when the address is none of this host's, or taken.
    init(_ address: String, port: Int, on group: any EventLoopGroup, _ status: DaemonStatus) async throws {
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline(withErrorHandling: true).flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(HealthHandler(status))
                }
            }
            .bind(host: address, port: port).get()
    }

    /// What is answered.
    struct Answer: Equatable, Sendable {
        var status: Int
        var text: String

        init(to path: String, _ daemon: DaemonStatus) {
            switch path.prefix(while: { $0 != "?" }) {
            case "/healthz": (status, text) = (200, "flanneld is running")
            case "/readyz":
                let reason = daemon.reason
                (status, text) = (
                    reason == nil ? 200 : 503, reason.map { "flanneld is not ready yet: \($0)" } ?? "flanneld is ready"
                )
            case "/metrics":
                let metrics = Metrics(daemon.read(), isReady: daemon.reason == nil, tunnel: daemon.tunnel.counts)
                (status, text) = (200, metrics.text)
            default: (status, text) = (404, "there are /healthz, /readyz and /metrics\n")
            }
        }
    }
}

/// Serves one connection.
private final class HealthHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let status: DaemonStatus
    private var head: HTTPRequestHead?

    init(_ status: DaemonStatus) {
        self.status = status
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let answer = HealthServer.Answer(to: head.uri, status)
        let body = context.channel.allocator.buffer(string: head.method == .HEAD ? "" : answer.text)
        var response = HTTPResponseHead(version: head.version, status: .init(statusCode: answer.status))
        response.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        response.headers.add(name: "Content-Length", value: "\(answer.text.utf8.count)")
        if !head.isKeepAlive { response.headers.add(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let end = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard !head.isKeepAlive else { return }
        let channel = context.channel
        end.whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
#endif
