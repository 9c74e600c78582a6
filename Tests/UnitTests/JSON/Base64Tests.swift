import Foundation
import JSON
import Testing

struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func codesThePublishedExamples(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func codesEveryByteAsFoundationDoes() {
        let bytes = (0...255).map(UInt8.init)
        for count in 250...256 {
            let encoded = Data(bytes.prefix(count)).base64EncodedString()
            #expect(Base64.encode(bytes.prefix(count)) == encoded)
            #expect(Base64.decode(encoded) == Array(bytes.prefix(count)))
        }
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Z===", "=Zg=", "Zg==Zg==", "Zm9v\n", "Zm-_", "Zm 8="])
    func decodesNothingElse(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
