import CLinux
import Glibc

/// Sockets, as far as netlink and packets need them.
extension FileDescriptor {
    /// Opens a socket that closes on exec.
    ///
    /// - Throws: the error of socket(2).
    public static func socket(_ domain: CInt, _ type: CInt, _ protocolNumber: CInt) throws(SystemError)
        -> FileDescriptor
    {
        try FileDescriptor(
            owning: retrying("open socket") {
                Glibc.socket(domain, type | CInt(SOCK_CLOEXEC.rawValue), protocolNumber)
            })
    }

    /// Sets an option whose value is a number.
    public borrowing func setOption(_ level: CInt, _ name: CInt, _ value: CInt) throws(SystemError) {
        var value = value
        let descriptor = rawValue
        _ = try retrying("set socket option") {
            unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// Lets a blocking receive fail with `EAGAIN` after a time.
    public borrowing func setReceiveTimeout(seconds: Int) throws(SystemError) {
        try setTimeout(SO_RCVTIMEO, seconds)
    }

    /// Lets blocking calls that connect or send fail with `EAGAIN` after a time.
    borrowing func setSendTimeout(seconds: Int) throws(SystemError) {
        try setTimeout(SO_SNDTIMEO, seconds)
    }

    private borrowing func setTimeout(_ option: CInt, _ seconds: Int) throws(SystemError) {
        var timeout = timeval(tv_sec: seconds, tv_usec: 0)
        let descriptor = rawValue
        _ = try retrying("set socket timeout") {
            unsafe setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Gives a netlink socket an address that the kernel chooses: netlink(7).
    public borrowing func bindNetlink() throws(SystemError) {
        var address = sockaddr_nl()
        address.nl_family = UInt16(AF_NETLINK)
        let descriptor = rawValue
        _ = try retrying("bind socket") {
            unsafe Self.withSocketAddress(address) { unsafe bind(descriptor, $0, $1) }
        }
    }

    /// Runs a call that takes an address of any kind of socket.
    static func withSocketAddress<Address, Result>(
        _ address: Address, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// Sends one datagram.
    public borrowing func send(_ bytes: Span<UInt8>) throws(SystemError) {
        let descriptor = rawValue
        _ = try retrying("send") {
            unsafe bytes.withUnsafeBufferPointer { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
        }
    }

    /// Receives one datagram into a buffer, and says how long it is.
    ///
    /// - Throws: `EMSGSIZE` when it is longer than the buffer; `EAGAIN` when none came in time.
    public borrowing func receive(into buffer: inout [UInt8]) throws(SystemError) -> Int {
        let descriptor = rawValue
        let count = try retrying("receive") {
            unsafe buffer.withUnsafeMutableBufferPointer {
                unsafe recv(descriptor, $0.baseAddress, $0.count, CInt(MSG_TRUNC))
            }
        }
        guard count <= buffer.count else { throw SystemError("receive", nil, .messageTooLong) }
        return count
    }

    /// Waits until there is something to receive; false when the time is over.
    public borrowing func waitUntilReadable(milliseconds: Int) throws(SystemError) -> Bool {
        try Self.waitUntilReadable(anyOf: [rawValue], milliseconds: milliseconds)
    }

    /// Waits until one of several descriptors has something to read.
    ///
    /// - Parameters:
    ///   - descriptors: those that are watched.
    ///   - milliseconds: nil to wait for ever.
    /// - Returns: false when the time is over.
    /// - Throws: the error of poll(2).
    public static func waitUntilReadable(
        anyOf descriptors: [CInt], milliseconds: Int? = nil
    ) throws(SystemError) -> Bool {
        var watched = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        return try retrying("wait for socket") {
            unsafe watched.withUnsafeMutableBufferPointer {
                unsafe poll($0.baseAddress, nfds_t($0.count), CInt(clamping: milliseconds ?? -1))
            }
        } > 0
    }
}
