import LinuxSystem

/// What an index is written to: a file, or the memory of this process where no file can be written.
enum IndexStorage: ~Copyable {
    case file(FileDescriptor)
    case memory(SparseBytes)

    /// - Returns: as many bytes as asked for, or fewer at the end of a file.
    /// - Throws: the error of pread(2).
    borrowing func read(count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        switch self {
        case .file(let file): try file.read(count: count, at: offset)
        case .memory(let bytes): bytes.read(count: count, at: offset)
        }
    }

    /// - Throws: the error of pwrite(2); some bytes may have been written then.
    borrowing func write(_ block: [UInt8], at offset: Int) throws(SystemError) {
        switch self {
        case .file(let file): try file.write(block.span, at: offset)
        case .memory(let bytes): bytes.write(block, at: offset)
        }
    }

    /// Makes a file this long; what is added reads as zeros and takes no space.
    ///
    /// - Throws: the error of ftruncate(2).
    borrowing func resize(to size: Int) throws(SystemError) {
        switch self {
        case .file(let file): try file.resize(to: size)
        case .memory: break
        }
    }
}

/// Bytes that are zero until they are written, and take space only then: a file with holes, in memory.
final class SparseBytes {
    private var pages: [Int: [UInt8]] = [:]

    private static let pageSize = 4096

    func read(count: Int, at offset: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        forEachPart(of: offset..<offset + count) { page, part in
            bytes += pages[page]?[part] ?? [UInt8](repeating: 0, count: part.count)[...]
        }
        return bytes
    }

    func write(_ block: [UInt8], at offset: Int) {
        var rest = block[...]
        forEachPart(of: offset..<offset + block.count) { page, part in
            pages[page, default: [UInt8](repeating: 0, count: Self.pageSize)]
                .replaceSubrange(part, with: rest.prefix(part.count))
            rest = rest.dropFirst(part.count)
        }
    }

    /// Hands out the pages that a range lies in, each with the part of it that the range covers.
    private func forEachPart(of range: Range<Int>, _ body: (_ page: Int, _ part: Range<Int>) -> Void) {
        var next = range.lowerBound
        while next < range.upperBound {
            let (page, start) = next.quotientAndRemainder(dividingBy: Self.pageSize)
            let end = min(Self.pageSize, start + range.upperBound - next)
            body(page, start..<end)
            next += end - start
        }
    }
}
