package import Addressing
package import LinuxSystem

/// What became of a request for an echo.
package struct Echo: Hashable, Sendable {
    /// Who was asked.
    package let address: IPAddress
    package fileprivate(set) var outcome: Outcome

    package enum Outcome: Hashable, Sendable {
        case answered(microseconds: Int)
        case unanswered
        /// Could not even be asked.
        case notSent(SystemError)
    }
}

/// Asks many hosts for an echo at once, with packets that may not be fragmented.
package struct EchoProbe {
    /// A host, and the interface by which alone packets come and go; nil where routing decides.
    package struct Target: Hashable, Sendable {
        let address: IPAddress
        let interface: String?

        package init(address: IPAddress, interface: String?) {
            self.address = address
            self.interface = interface
        }
    }

    /// In the order of the targets.
    package private(set) var echoes: [Echo]

    /// Nanoseconds, in the order of the targets.
    private var sent: [Int]
    private var pending = 0
    private var sockets: [SocketKey: EchoSocket] = [:]
    /// That of the first request, others follow; random, as replies to other programs come here too.
    private let firstNumber = UInt32.random(in: 0 ... .max)

    private struct SocketKey: Hashable {
        let family: AddressFamily
        let interface: String?
    }

    /// Asks, and waits until all have answered or the time is over.
    ///
    /// - Parameters:
    ///   - targets: whom to ask.
    ///   - packetSize: the bytes of a whole packet, with its IP header.
    ///   - timeout: milliseconds, for all together.
    /// - Throws: what the kernel refused while waiting.
    package init(_ targets: [Target], packetSize: Int, timeout: Int) throws(SystemError) {
        echoes = targets.map { Echo(address: $0.address, outcome: .unanswered) }
        sent = targets.map { _ in 0 }
        let deadline = MonotonicClock.milliseconds + timeout
        for (index, target) in targets.enumerated() {
            send(index, to: target, packetSize)
            // The answers to many would not fit into a socket's buffer.
            try receive()
        }
        let descriptors = sockets.values.map { $0.descriptor.rawValue }
        while pending > 0 {
            let left = deadline - MonotonicClock.milliseconds
            guard left > 0, try FileDescriptor.waitUntilReadable(anyOf: descriptors, milliseconds: left) else { break }
            try receive()
        }
    }

    private mutating func send(_ index: Int, to target: Target, _ packetSize: Int) {
        let family = target.address.family
        do throws(SystemError) {
            let key = SocketKey(family: family, interface: target.interface)
            let socket = if let open = sockets[key] { open } else { try EchoSocket(family, target.interface) }
            sockets[key] = socket
            let request = EchoMessage(family, requesting: firstNumber &+ UInt32(truncatingIfNeeded: index))
            let bytes = request.bytes(length: packetSize - EchoMessage.overhead(family))
            sent[index] = MonotonicClock.nanoseconds
            try socket.descriptor.send(bytes.span, to: target.address.bytes)
            pending += 1
        } catch {
            echoes[index].outcome = .notSent(error)
        }
    }

    /// Takes the answers that have come.
    private mutating func receive() throws(SystemError) {
        for socket in sockets.values {
            while let message = try socket.receive() {
                let index = Int(message.number &- firstNumber)
                guard message.isReply, echoes.indices.contains(index), echoes[index].outcome == .unanswered else {
                    continue
                }
                echoes[index].outcome = .answered(microseconds: (MonotonicClock.nanoseconds - sent[index]) / 1000)
                pending -= 1
            }
        }
    }
}

/// A socket for echoes of one family; a class, for collections hold no descriptors.
private final class EchoSocket {
    let descriptor: FileDescriptor
    private let family: AddressFamily
    /// Has room for any packet.
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// - Throws: `EPERM` without privileges, `ENODEV` when there is no such interface.
    init(_ family: AddressFamily, _ interface: String?) throws(SystemError) {
        self.family = family
        descriptor = try .rawSocket(isV6: family == .v6, EchoMessage.protocolNumber(family))
        if let interface { try descriptor.attach(toInterface: interface) }
    }

    /// The next message about echoes; nil when none has come.
    func receive() throws(SystemError) -> EchoMessage? {
        do throws(SystemError) {
            while true {
                let count = try descriptor.receive(into: &buffer)
                if let message = EchoMessage(family, received: buffer.span.extracting(..<count)) { return message }
            }
        } catch  where error.code == .wouldBlock {
            return nil
        }
    }
}
