import GoRPC
import Testing

struct RPCHandshakeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let progress: RPCHandshake.Progress

        var testDescription: String { text.debugDescription }
    }

    @Test(arguments: [
        Case(text: "CONNECT /_goRPC_ HTTP/1.0\n\n", progress: .accepted(length: 27)),
        Case(text: "CONNECT /_goRPC_ HTTP/1.0\n\nmore", progress: .accepted(length: 27)),
        Case(text: "CONNECT /_goRPC_ HTTP/1.1\r\nHost: x\r\n\r\n", progress: .accepted(length: 38)),
        Case(text: "", progress: .incomplete),
        Case(text: "CONNECT /_goRPC_ HTTP/1.0\n", progress: .incomplete),
        Case(text: "GET /_goRPC_ HTTP/1.0\n\n", progress: .refused),
        Case(text: "CONNECT /other HTTP/1.0\n\n", progress: .refused),
        Case(text: String(repeating: "a", count: 10_000), progress: .refused),
    ])
    func readsRequests(test: Case) {
        #expect(RPCHandshake.progress(ofRequest: Array(test.text.utf8)) == test.progress)
    }

    @Test(arguments: [
        Case(text: "HTTP/1.0 200 Connected to Go RPC\n\n", progress: .accepted(length: 34)),
        Case(text: "HTTP/1.0 405 Method Not Allowed\n\n", progress: .refused),
        Case(text: "HTTP/1.0 200 OK\n\n", progress: .refused),
        Case(text: "SSH-2.0-x\n\n", progress: .refused),
        Case(text: "HTTP/1.0 200", progress: .incomplete),
    ])
    func readsReplies(test: Case) {
        #expect(RPCHandshake.progress(ofReply: Array(test.text.utf8)) == test.progress)
    }

    @Test func acceptsWhatItSendsItself() {
        #expect(RPCHandshake.progress(ofRequest: RPCHandshake.request) == .accepted(length: 27))
        #expect(RPCHandshake.progress(ofReply: RPCHandshake.acceptance) == .accepted(length: 34))
        #expect(RPCHandshake.progress(ofReply: RPCHandshake.refusal) == .refused)
    }
}
