import Foundation

/// Bytes sent from one container to another over TCP, and compared with those that were sent.
package enum TCPTransfer {
    private static let port: UInt16 = 5001
    private static let block = 1 << 20

    /// Sends and receives in turn, so that it needs no second thread.
    ///
    /// - Throws: when a byte is lost or changed, or when a system call fails or takes too long.
    package static func run(
        blocks: Int, from client: TestContainer, to address: String, in server: TestContainer
    ) throws {
        var generator = SeededGenerator(seed: 7)
        let bytes = (0..<block / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        let listener = try TestSocket(.tcp, for: address, in: server.namespace)
        try listener.bind(address, port)
        try listener.listen()
        let sender = try TestSocket(.tcp, for: address, in: client.namespace)
        try sender.connect(to: address, port)
        let receiver = try listener.accept()

        let count = blocks * block
        var (sent, received) = (0, 0)
        var buffer = [UInt8](repeating: 0, count: block)
        while received < count {
            let room = send(sender.rawValue, bytes, from: sent % block, atMost: count - sent)
            sent += room
            // Waits only when nothing more can be sent.
            let flags = room > 0 ? CInt(MSG_DONTWAIT) : 0
            let start = received % block
            let got = recv(receiver.rawValue, &buffer, block - start, flags)
            guard got > 0 || got < 0 && errno == EAGAIN && room > 0 else {
                throw CommandFailure(description: "receive: errno \(errno) after \(received) bytes")
            }
            guard got > 0 else { continue }
            guard memcmp(buffer, Array(bytes[start..<start + got]), got) == 0 else {
                throw CommandFailure(description: "other bytes than were sent after \(received)")
            }
            received += got
        }
    }

    /// - Returns: how many bytes there was room for.
    private static func send(_ socket: CInt, _ bytes: [UInt8], from start: Int, atMost limit: Int) -> Int {
        let count = min(limit, block - start)
        return bytes.withUnsafeBytes { bytes in
            max(0, Glibc.send(socket, bytes.baseAddress.map { $0 + start }, count, CInt(MSG_DONTWAIT)))
        }
    }
}
