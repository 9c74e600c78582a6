import Glibc

/// A child's standard input as its parent has it: a pipe that takes bytes as there is room for them.
///
/// A class, since it has to be closed while its owner goes.
final class ChildInput {
    /// Nil once the child has all of its input.
    private var descriptor: FileDescriptor?
    /// What of it the child has not taken yet.
    private var pending: ArraySlice<UInt8> = []

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = consume descriptor
    }

    /// The pipe while it is open, for poll(2).
    var rawValue: CInt? { descriptor?.rawValue }

    /// Begins with all of the input.
    func send(_ bytes: [UInt8]) throws(SystemError) {
        pending = bytes[...]
        try descriptor?.setNonblocking()
        try sendMore()
    }

    /// Writes as much as there is room for, and ends the input behind the last byte.
    ///
    /// - Throws: the error of write(2); that the child reads no more is none.
    func sendMore() throws(SystemError) {
        guard let descriptor = rawValue else { return }
        do throws(SystemError) {
            while !pending.isEmpty {
                let rest = pending
                let count = try BrokenPipe.heldBack { () throws(SystemError) in
                    try retrying("write to child") {
                        unsafe rest.withUnsafeBufferPointer { unsafe write(descriptor, $0.baseAddress, $0.count) }
                    }
                }
                pending = rest.dropFirst(count)
            }
        } catch  where error.code == .wouldBlock {
            return
        } catch  where error.code == .brokenPipe {}
        close()
    }

    func close() {
        descriptor = nil
    }
}
