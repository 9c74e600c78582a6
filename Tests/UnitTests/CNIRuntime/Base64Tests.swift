import Foundation
import Testing

@testable import CNIRuntime

struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func encodesThePublishedExamples(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }

    @Test func encodesEveryByteAsFoundationDoes() {
        let bytes = (0...255).map(UInt8.init)
        for count in 250...256 {
            #expect(Base64.encode(Array(bytes.prefix(count))) == Data(bytes.prefix(count)).base64EncodedString())
        }
    }
}
