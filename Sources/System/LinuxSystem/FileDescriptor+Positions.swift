import Glibc

/// Reading and writing at a place, as files of fixed-size parts need it.
extension FileDescriptor {
    /// Reads from an offset in a regular file on, by one call.
    ///
    /// - Returns: as many bytes as asked for, or fewer at the end of the file.
    /// - Throws: the error of pread(2).
    public borrowing func read(count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        let descriptor = rawValue
        var bytes: [UInt8] = []
        try bytes.append(addingCapacity: count) { (tail: inout OutputSpan<UInt8>) throws(SystemError) in
            try unsafe tail.withUnsafeMutableBufferPointer { (buffer, initialized) throws(SystemError) in
                let base = buffer.baseAddress
                initialized = try retrying("read") { unsafe pread(descriptor, base, count, offset) }
            }
        }
        return bytes
    }

    /// Writes all bytes from an offset on, over what is there.
    ///
    /// - Throws: the error of pwrite(2); some bytes may have been written then.
    public borrowing func write(_ bytes: Span<UInt8>, at offset: Int) throws(SystemError) {
        let descriptor = rawValue
        var written = 0
        while written < bytes.count {
            let rest = bytes.extracting(written...)
            written += try retrying("write") {
                unsafe rest.withUnsafeBufferPointer {
                    unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset + written)
                }
            }
        }
    }

    /// Makes the file this long; what is added reads as zeros and takes no space.
    ///
    /// - Throws: the error of ftruncate(2).
    public borrowing func resize(to size: Int) throws(SystemError) {
        let descriptor = rawValue
        _ = try retrying("resize") { ftruncate(descriptor, size) }
    }
}
