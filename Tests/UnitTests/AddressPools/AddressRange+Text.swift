import Addressing
import Foundation
import Testing

@testable import AddressPools

extension AddressRange {
    /// A range as `subnet`, or `subnet start end`, with `via gateway` behind.
    init(text: String) throws {
        let parts = text.components(separatedBy: " via ")
        let words = parts[0].split(separator: " ").map(String.init)
        try self.init(
            subnet: try #require(InterfaceAddress(words[0])), start: words.count > 1 ? IPAddress(words[1]) : nil,
            end: words.count > 2 ? IPAddress(words[2]) : nil, gateway: parts.count > 1 ? IPAddress(parts[1]) : nil)
    }
}
