import GoRPC
import LinuxSystem

/// A plugin that is connected: its calls come one after the other, and each is answered before the next.
final class DaemonConnection {
    let descriptor: FileDescriptor
    private var decoder = GobDecoder()
    private var encoder = GobEncoder()
    /// What came before the handshake was whole; nil afterwards.
    private var header: [UInt8]? = []
    private var request: RPCRequest?
    private var isServing = false
    /// What there was no room for yet.
    private(set) var output: [UInt8] = []
    /// Whether it ends once all is written.
    private(set) var isOver = false

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = consume descriptor
    }

    /// Takes what has come.
    ///
    /// - Returns: false when the plugin has ended.
    /// - Throws: the error of read(2).
    func receive() throws(SystemError) -> Bool {
        var bytes: [UInt8] = []
        guard try descriptor.readAvailable(into: &bytes) else { return false }
        guard var header else {
            decoder.append(bytes)
            return true
        }
        header += bytes
        switch RPCHandshake.progress(ofRequest: header) {
        case .incomplete:
            self.header = header
        case .accepted(let length):
            output += RPCHandshake.acceptance
            decoder.append(header.dropFirst(length))
            self.header = nil
        case .refused:
            output += RPCHandshake.refusal
            isOver = true
        }
        return true
    }

    /// The next call that is whole; nil while one is being served.
    ///
    /// - Throws: when no further call can be read.
    func nextCall() throws(GobError) -> (RPCRequest, DaemonArguments)? {
        guard !isServing, !isOver else { return nil }
        if request == nil, let value = try decoder.next() { request = RPCRequest(value) }
        guard let request, let value = try decoder.next() else { return nil }
        self.request = nil
        isServing = true
        return (request, DaemonArguments(value))
    }

    /// Answers the call that is being served.
    func answer(_ request: RPCRequest, _ result: GobValue, as type: GobType) {
        output += encoder.encode(RPCResponse(to: request).value, as: RPCResponse.type)
        output += encoder.encode(result, as: type)
        isServing = false
    }

    /// Answers it with an error, behind which nothing counts.
    func answer(_ response: RPCResponse) {
        output += encoder.encode(response.value, as: RPCResponse.type)
        output += encoder.encode(.structure([:]), as: .nothing)
        isServing = false
    }

    /// Writes what there is room for.
    func flush() throws(SystemError) {
        while !output.isEmpty {
            let rest = output
            let count = try descriptor.writeAvailable(rest.span)
            guard count > 0 else { return }
            output.removeFirst(count)
        }
    }
}
