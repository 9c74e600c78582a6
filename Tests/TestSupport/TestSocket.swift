import Foundation
package import LinuxSystem

/// A TCP or UDP socket in a namespace; no call waits longer than 30 seconds.
package final class TestSocket: Sendable {
    private let descriptor: FileDescriptor
    private let kind: Kind

    package enum Kind: Sendable {
        case tcp
        case udp
    }

    /// Opens a socket for addresses of one family.
    package init(_ kind: Kind, for address: String, in namespace: borrowing NetworkNamespace) throws {
        self.kind = kind
        let type = kind == .tcp ? SOCK_STREAM : SOCK_DGRAM
        descriptor = try namespace.run { () throws(SystemError) in
            try FileDescriptor.socket(address.contains(":") ? AF_INET6 : AF_INET, CInt(type.rawValue), 0)
        }
        try limitTime()
    }

    /// Opens a socket for packets of a protocol that are written whole, their network header aside.
    package init(rawProtocol number: CInt, for address: String, in namespace: borrowing NetworkNamespace) throws {
        kind = .udp
        descriptor = try namespace.run { () throws(SystemError) in
            try FileDescriptor.socket(address.contains(":") ? AF_INET6 : AF_INET, CInt(SOCK_RAW.rawValue), number)
        }
    }

    private init(connection descriptor: CInt) throws {
        self.descriptor = try FileDescriptor(owning: descriptor)
        kind = .tcp
        try limitTime()
    }

    private func limitTime() throws {
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            let size = socklen_t(MemoryLayout<timeval>.size)
            try Self.check("set time limit", setsockopt(rawValue, SOL_SOCKET, option, &limit, size))
        }
    }

    package var rawValue: CInt {
        descriptor.rawValue
    }

    // MARK: Connections

    /// Takes an address and a port.
    package func bind(_ address: String, _ port: UInt16) throws {
        try Self.check("bind", Self.withAddress(address, port) { Glibc.bind(rawValue, $0, $1) })
    }

    /// Lets connections come in, which they do before anyone accepts them.
    package func listen() throws {
        try Self.check("listen", Glibc.listen(rawValue, 1))
    }

    package func connect(to address: String, _ port: UInt16) throws {
        try Self.check("connect", Self.withAddress(address, port) { Glibc.connect(rawValue, $0, $1) })
    }

    /// The next connection that came in.
    package func accept() throws -> TestSocket {
        let connection = Glibc.accept(rawValue, nil, nil)
        try Self.check("accept", min(connection, 0))
        return try TestSocket(connection: connection)
    }

    // MARK: Data

    package func send(_ text: String) throws {
        let count = Glibc.send(rawValue, text, text.utf8.count, CInt(MSG_NOSIGNAL))
        try Self.check("send", CInt(min(0, count)))
    }

    package func send(bytes: [UInt8]) throws {
        try Self.check("send", CInt(min(0, Glibc.send(rawValue, bytes, bytes.count, CInt(MSG_NOSIGNAL)))))
    }

    /// What comes next, at most 1 KiB of it.
    package func receive() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = Glibc.recv(rawValue, &buffer, buffer.count, 0)
        try Self.check("receive", CInt(min(0, count)))
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Answers what comes next to a connection or by a datagram.
    ///
    /// - Returns: what came, and from which address.
    package func answer(_ text: String) throws -> (question: String, source: String) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var buffer = [UInt8](repeating: 0, count: 1024)
        return try withUnsafeMutablePointer(to: &storage) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let count = recvfrom(rawValue, &buffer, buffer.count, 0, address, &length)
                try Self.check("receive", CInt(min(0, count)))
                if kind == .tcp {
                    length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                    try Self.check("read peer", getpeername(rawValue, address, &length))
                    try send(text)
                } else {
                    let sent = sendto(rawValue, text, text.utf8.count, 0, address, length)
                    try Self.check("send", CInt(min(0, sent)))
                }
                return (String(decoding: buffer.prefix(count), as: UTF8.self), try Self.name(address, length))
            }
        }
    }

    private static func name(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) throws -> String {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        try check("name peer", result == 0 ? 0 : -1)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func withAddress(
        _ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
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
        guard result >= 0 else {
            throw CommandFailure(description: "\(operation): \(String(cString: strerror(errno)))")
        }
    }
}
