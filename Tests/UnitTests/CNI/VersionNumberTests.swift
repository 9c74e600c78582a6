import CNI
import Testing

struct VersionNumberTests {
    @Test(arguments: [
        ("0.3.1", "0.4.0"), ("", "0.2.0"), ("1", "1.0.1"), ("0.9", "0.10"), ("1.1.0", "2.0.0"), ("0.1.0", "0.1.1"),
    ])
    func comparesNumberByNumber(smaller: String, larger: String) throws {
        #expect(try VersionNumber(smaller) < VersionNumber(larger))
        #expect(try !(VersionNumber(larger) < VersionNumber(smaller)))
    }

    @Test func missingPartsAreZero() throws {
        #expect(try VersionNumber("1") == VersionNumber("1.0.0"))
        #expect(try VersionNumber("") == VersionNumber("0.1.0"))
    }

    @Test(arguments: ["zz", "1.x.0", "1.2.3.4", "1..0", "-1.0.0", "99999999999999999999.0.0", " 1.0.0"])
    func refusesWhatIsNoVersion(text: String) {
        let error = #expect(throws: CNIError.self) { try VersionNumber(text) }
        #expect(error?.code == .decoding)
    }
}
