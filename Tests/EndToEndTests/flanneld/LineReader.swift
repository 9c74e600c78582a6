import Foundation
import Synchronization
import TestSupport

/// What a program says, line by line as it comes; whoever waits for a line waits for nothing else.
final class LineReader: Sendable {
    private let state = Mutex<[String]>([])
    private let changed = DispatchSemaphore(value: 0)
    /// Where the program writes.
    let writingEnd: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        let reading = ends[0]
        writingEnd = ends[1]
        Thread.detachNewThread { [weak self] in
            var rest: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = read(reading, &buffer, buffer.count)
                guard count > 0 else { break }
                rest += buffer.prefix(count)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: rest[..<end], as: UTF8.self)
                    rest.removeSubrange(...end)
                    self?.take(line)
                }
            }
            close(reading)
        }
    }

    deinit { close(writingEnd) }

    private func take(_ line: String) {
        state.withLock { $0.append(line) }
        changed.signal()
    }

    /// All that has come so far.
    var lines: [String] { state.withLock { $0 } }

    /// Waits for a line with a text in it, behind those that have come before a place.
    ///
    /// - Returns: the place behind it.
    /// - Throws: with what did come, when it has not after a minute.
    @discardableResult
    func wait(for text: String, after place: Int = 0) throws -> Int {
        let deadline = DispatchTime.now() + .seconds(60)
        while true {
            let lines = lines
            if let found = lines.indices.dropFirst(place).first(where: { lines[$0].contains(text) }) {
                return found + 1
            }
            guard changed.wait(timeout: deadline) == .success else {
                throw CommandFailure(description: "no line with \"\(text)\" in:\n\(lines.joined(separator: "\n"))")
            }
        }
    }
}
