import Hashing
import Testing

struct SHA512Tests {
    /// FIPS 180-4's own examples.
    @Test(arguments: [
        ("", "cf83e1357eefb8bd"), ("abc", "ddaf35a193617aba"),
        (String(repeating: "a", count: 200), "4b11459c33f52a22"),
        // Around where the count needs a block of its own, as sha512sum(1) has them.
        (String(repeating: "a", count: 111), "fa9121c7b32b9e01"),
        (String(repeating: "a", count: 112), "c01d080efd492776"),
        (String(repeating: "a", count: 115), "eaa30f93760743ac"),
        (String(repeating: "a", count: 119), "130396a75cb483f2"),
        (String(repeating: "a", count: 120), "f241de612b01aa2f"),
    ])
    func digestsAsThePublishedExamples(text: String, beginning: String) {
        #expect(SHA512.hexadecimal(text, digits: 16) == beginning)
    }
}
