import CNI
import CNIRuntime
import Testing

struct AttachmentRequestTests {
    @Test func splitsArgumentsIntoPairs() throws {
        let arguments = try AttachmentRequest.arguments(parsing: "IgnoreUnknown=1;MAC=02:00:00:00:00:01")
        #expect(
            arguments == [
                .init(key: "IgnoreUnknown", value: "1"), .init(key: "MAC", value: "02:00:00:00:00:01"),
            ])
        #expect(try AttachmentRequest.arguments(parsing: "").isEmpty)
    }

    @Test(arguments: [("A=B;C", "C"), ("A=B;", ""), ("A=", "A="), ("=B", "=B"), ("A=B=C", "A=B=C"), (";", "")])
    func refusesWhatIsNoPair(text: String, item: String) {
        #expect(throws: CNIError(.invalidEnvironment, "invalid CNI_ARGS pair \"\(item)\"")) {
            try AttachmentRequest.arguments(parsing: text)
        }
    }
}
