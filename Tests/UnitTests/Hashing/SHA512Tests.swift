import Hashing
import Testing

struct SHA512Tests {
    /// FIPS 180-4's own examples.
    @Test(arguments: [
        ("", "cf83e1357eefb8bd"), ("abc", "ddaf35a193617aba"),
        (String(repeating: "a", count: 200), "4b11459c33f52a22"),
    ])
    func digestsAsThePublishedExamples(text: String, beginning: String) {
        #expect(SHA512.hexadecimal(text, digits: 16) == beginning)
    }
}
