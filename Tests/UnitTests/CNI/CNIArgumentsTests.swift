import CNI
import Testing

struct CNIArgumentsTests {
    @Test(
        arguments: [
            ("", [:]), ("MAC=a", ["MAC": "a"]), ("MAC=a;IgnoreUnknown=1;X=y", ["MAC": "a"]),
            ("IgnoreUnknown=TRUE;X=y", [:]), ("MAC=;IgnoreUnknown=false", ["MAC": ""]),
        ] as [(String, [String: String])])
    func readsWhatAPluginKnows(text: String, values: [String: String]) throws {
        #expect(try CNIArguments(text).values(knowing: ["MAC"]) == values)
    }

    @Test(arguments: [
        ("X=y", #"ARGS: unknown args ["X=y"]"#), ("A=b;MAC=a;C=d", #"ARGS: unknown args ["A=b" "C=d"]"#),
        ("mac=a", #"ARGS: unknown args ["mac=a"]"#), ("MAC", #"ARGS: invalid pair "MAC""#),
        ("MAC=a=b", #"ARGS: invalid pair "MAC=a=b""#), ("MAC=a;", #"ARGS: invalid pair """#),
        ("MAC=a,X=y", #"ARGS: invalid pair "MAC=a,X=y""#),
        (
            "IgnoreUnknown=yes",
            #"ARGS: error parsing value of pair "IgnoreUnknown=yes": boolean unmarshal error: invalid input yes"#
        ),
    ])
    func refusesTheRest(text: String, message: String) {
        let error = #expect(throws: CNIError.self) { try CNIArguments(text).values(knowing: ["MAC"]) }
        #expect(error?.message == message)
        #expect(error?.code == .invalidEnvironment)
    }

    @Test func findsAKeyWhateverElseThereIs() {
        let arguments = CNIArguments("bad;K8S_POD_NAME=web=1;X")
        #expect(arguments["K8S_POD_NAME"] == "web=1")
        #expect(arguments["MAC"] == nil)
    }
}
