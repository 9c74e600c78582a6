import Addressing
import Testing

extension InterfaceAddress {
    /// Addresses with their prefix lengths, from text.
    static func list(_ texts: String...) throws -> [InterfaceAddress] {
        try texts.map { try #require(InterfaceAddress($0)) }
    }
}
