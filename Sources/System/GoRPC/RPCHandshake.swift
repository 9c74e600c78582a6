/// How a connection of net/rpc over HTTP begins: `rpc.DialHTTP` and `rpc.HandleHTTP`.
package enum RPCHandshake {
    package static let request = Array("CONNECT /_goRPC_ HTTP/1.0\n\n".utf8)
    package static let acceptance = Array("HTTP/1.0 200 Connected to Go RPC\n\n".utf8)
    package static let refusal = Array("HTTP/1.0 405 Method Not Allowed\n\n405 must CONNECT\n".utf8)

    /// Bytes that a header may have.
    private static let limit = 8 << 10

    /// What has come of a header.
    package enum Progress: Hashable, Sendable {
        case incomplete
        /// It is that of an RPC connection, and takes this many bytes.
        case accepted(length: Int)
        case refused
    }

    /// Looks at what a server has received.
    package static func progress(ofRequest bytes: [UInt8]) -> Progress {
        progress(bytes) { words in words.prefix(2) == ["CONNECT", "/_goRPC_"] }
    }

    /// Looks at what a client has received.
    package static func progress(ofReply bytes: [UInt8]) -> Progress {
        progress(bytes) { words in
            words.first?.hasPrefix("HTTP/1.") == true && words.dropFirst() == ["200", "Connected", "to", "Go", "RPC"]
        }
    }

    /// A header ends with an empty line; lines end with a line feed, or with a carriage return before it.
    private static func progress(_ bytes: [UInt8], isAcceptable: ([String]) -> Bool) -> Progress {
        var firstLine: [UInt8]?
        var start = 0
        for (index, byte) in bytes.prefix(limit).enumerated() where byte == UInt8(ascii: "\n") {
            var line = bytes[start..<index]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            start = index + 1
            if line.isEmpty, let firstLine {
                let words = String(decoding: firstLine, as: UTF8.self).split(separator: " ").map(String.init)
                return isAcceptable(words) ? .accepted(length: start) : .refused
            }
            firstLine = firstLine ?? Array(line)
        }
        return bytes.count >= limit ? .refused : .incomplete
    }
}
