/// Bytes from hexadecimal digits, spaced as one likes.
package func hex(_ parts: String...) -> [UInt8] {
    let digits = parts.joined().compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
