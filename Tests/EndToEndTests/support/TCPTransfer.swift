import Foundation
import LinuxSystem
import TestSupport

/// Bytes sent from one container to another over TCP, and compared with those that were sent.
enum TCPTransfer {
    private static let port: UInt16 = 5001
    private static let block = 1 << 20

    /// Sends and receives in turn, so that it needs no second thread.
    ///
    /// - Throws: when a byte is lost or changed, or when a system call fails or takes too long.
    static func run(blocks: Int, from client: TestContainer, to address: String, in server: TestContainer) throws {
        var generator = SeededGenerator(seed: 7)
        let bytes = (0..<block / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        let listener = try socket(in: server, address)
        try check("bind", withAddress(address) { bind(listener.rawValue, $0, $1) })
        try check("listen", listen(listener.rawValue, 1))
        let sender = try socket(in: client, address)
        try check("connect", withAddress(address) { connect(sender.rawValue, $0, $1) })
        let receiver = try FileDescriptor(owning: accept(listener.rawValue, nil, nil))

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

    private static func socket(in container: TestContainer, _ address: String) throws -> FileDescriptor {
        let socket = try container.namespace.run { () throws(SystemError) in
            try FileDescriptor.socket(address.contains(":") ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            let size = socklen_t(MemoryLayout<timeval>.size)
            try check("set time limit", setsockopt(socket.rawValue, SOL_SOCKET, option, &limit, size))
        }
        return socket
    }

    private static func withAddress(_ text: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        func call<Address>(_ address: Address) -> CInt {
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<Address>.size))
                }
            }
        }
        if text.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, text, &address.sin6_addr)
            return call(address)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return call(address)
    }

    private static func check(_ operation: String, _ result: CInt) throws {
        guard result == 0 else { throw CommandFailure(description: "\(operation): errno \(errno)") }
    }
}
