/// Texts that are no JSON, with the errors that they give.
struct MalformedJSON: Sendable {
    let text: [UInt8]
    let error: String

    init(_ text: String, _ error: String) {
        self.init(Array(text.utf8), error)
    }

    init(_ text: [UInt8], _ error: String) {
        self.text = text
        self.error = error
    }

    static let corpus = [
        // ends too early
        MalformedJSON("", "unexpected end of JSON input"),
        MalformedJSON(" \r\n\t", "unexpected end of JSON input"),
        MalformedJSON("{", "line 1, column 2: unexpected end of JSON input"),
        MalformedJSON("{\n  ", "line 2, column 3: unexpected end of JSON input"),
        MalformedJSON(#"{"a"#, "line 1, column 4: unexpected end of JSON input"),
        MalformedJSON(#"{"a""#, "line 1, column 5: unexpected end of JSON input"),
        MalformedJSON(#"{"a":"#, "line 1, column 6: unexpected end of JSON input"),
        MalformedJSON(#"{"a":1"#, "line 1, column 7: unexpected end of JSON input"),
        MalformedJSON(#"{"a":1,"#, "line 1, column 8: unexpected end of JSON input"),
        MalformedJSON("[", "line 1, column 2: unexpected end of JSON input"),
        MalformedJSON("[1", "line 1, column 3: unexpected end of JSON input"),
        MalformedJSON("[1,", "line 1, column 4: unexpected end of JSON input"),
        MalformedJSON(#"""#, "line 1, column 2: unexpected end of JSON input"),
        MalformedJSON(#""\"#, "line 1, column 3: unexpected end of JSON input"),
        MalformedJSON(#""\n"#, "line 1, column 4: unexpected end of JSON input"),
        MalformedJSON(#""\u"#, "line 1, column 4: unexpected end of JSON input"),
        MalformedJSON(#""\u12"#, "line 1, column 6: unexpected end of JSON input"),
        MalformedJSON(#""\ud800"#, "line 1, column 8: unexpected end of JSON input"),
        MalformedJSON(#""\ud800\"#, "line 1, column 9: unexpected end of JSON input"),
        MalformedJSON(#""\ud800\u"#, "line 1, column 10: unexpected end of JSON input"),
        MalformedJSON("tru", "line 1, column 4: unexpected end of JSON input"),
        MalformedJSON("-", "line 1, column 2: unexpected end of JSON input"),
        MalformedJSON("1.", "line 1, column 3: unexpected end of JSON input"),
        MalformedJSON("1e", "line 1, column 3: unexpected end of JSON input"),
        MalformedJSON("1e+", "line 1, column 4: unexpected end of JSON input"),
        // structure
        MalformedJSON("{}{}", "line 1, column 3: unexpected text after the value"),
        MalformedJSON("{}\n,", "line 2, column 1: unexpected text after the value"),
        MalformedJSON("1 2", "line 1, column 3: unexpected text after the value"),
        MalformedJSON("{}\0", "line 1, column 3: unexpected text after the value"),
        MalformedJSON("]", "line 1, column 1: expected a value"),
        MalformedJSON("}", "line 1, column 1: expected a value"),
        MalformedJSON(",", "line 1, column 1: expected a value"),
        MalformedJSON("[1,]", "line 1, column 4: expected a value"),
        MalformedJSON("[,1]", "line 1, column 2: expected a value"),
        MalformedJSON("[1 2]", "line 1, column 4: expected ',' or ']' after an element"),
        MalformedJSON("[1}", "line 1, column 3: expected ',' or ']' after an element"),
        MalformedJSON("{,}", "line 1, column 2: expected a member name in quotes or '}'"),
        MalformedJSON("{a:1}", "line 1, column 2: expected a member name in quotes or '}'"),
        MalformedJSON("{1:1}", "line 1, column 2: expected a member name in quotes or '}'"),
        MalformedJSON(#"{"a":1,}"#, "line 1, column 8: expected a member name in quotes"),
        MalformedJSON(#"{"a" 1}"#, "line 1, column 6: expected ':' after a member name"),
        MalformedJSON(#"{"a",1}"#, "line 1, column 5: expected ':' after a member name"),
        MalformedJSON(#"{"a":}"#, "line 1, column 6: expected a value"),
        MalformedJSON("{\n  \"a\": 1\n  \"b\": 2\n}", "line 3, column 3: expected ',' or '}' after a member"),
        MalformedJSON(#"{"größe":1]"#, "line 1, column 11: expected ',' or '}' after a member"),
        // numbers
        MalformedJSON("01", "line 1, column 2: unexpected text after the value"),
        MalformedJSON("-01", "line 1, column 3: unexpected text after the value"),
        MalformedJSON("[00]", "line 1, column 3: expected ',' or ']' after an element"),
        MalformedJSON("+1", "line 1, column 1: expected a value"),
        MalformedJSON(".5", "line 1, column 1: expected a value"),
        MalformedJSON("[-]", "line 1, column 3: expected a digit"),
        MalformedJSON("[1.]", "line 1, column 4: expected a digit"),
        MalformedJSON("[1.e3]", "line 1, column 4: expected a digit"),
        MalformedJSON("[1e]", "line 1, column 4: expected a digit"),
        MalformedJSON("[1e+-2]", "line 1, column 5: expected a digit"),
        MalformedJSON("[0x10]", "line 1, column 3: expected ',' or ']' after an element"),
        MalformedJSON("[1_000]", "line 1, column 3: expected ',' or ']' after an element"),
        MalformedJSON("NaN", "line 1, column 1: expected a value"),
        MalformedJSON("-Infinity", "line 1, column 2: expected a digit"),
        // literals
        MalformedJSON("True", "line 1, column 1: expected a value"),
        MalformedJSON("nul1", "line 1, column 4: expected 'null'"),
        MalformedJSON("[falsy]", "line 1, column 6: expected 'false'"),
        MalformedJSON("truely", "line 1, column 5: unexpected text after the value"),
        MalformedJSON("undefined", "line 1, column 1: expected a value"),
        // strings
        MalformedJSON("'a'", "line 1, column 1: expected a value"),
        MalformedJSON("\"a\nb\"", "line 1, column 3: control character in a string"),
        MalformedJSON("\"\0\"", "line 1, column 2: control character in a string"),
        MalformedJSON("\"\\n\u{1f}\"", "line 1, column 4: control character in a string"),
        MalformedJSON(#""\x41""#, "line 1, column 2: unknown escape in a string"),
        MalformedJSON(#""\'""#, "line 1, column 2: unknown escape in a string"),
        MalformedJSON(#""\U0041""#, "line 1, column 2: unknown escape in a string"),
        MalformedJSON(#""\u12g4""#, "line 1, column 6: expected four hexadecimal digits after '\\u'"),
        MalformedJSON(#""\u123""#, "line 1, column 7: expected four hexadecimal digits after '\\u'"),
        MalformedJSON(#""\ud800\u12""#, "line 1, column 12: expected four hexadecimal digits after '\\u'"),
        MalformedJSON([0x22, 0x5c, 0xff, 0x22], "line 1, column 2: unknown escape in a string"),
        // not JSON at all
        MalformedJSON("// comment\n1", "line 1, column 1: expected a value"),
        MalformedJSON("{/**/}", "line 1, column 2: expected a member name in quotes or '}'"),
        MalformedJSON("\u{feff}{}", "line 1, column 1: expected a value"),
        MalformedJSON("[\u{a0}]", "line 1, column 2: expected a value"),
        MalformedJSON([0xff, 0xfe, 0x7b, 0x00], "line 1, column 1: expected a value"),
        MalformedJSON([0x5b, 0xc3, 0x28, 0x5d], "line 1, column 2: expected a value"),
        MalformedJSON([0x5b, 0x80, 0x5d], "line 1, column 2: expected a value"),
        MalformedJSON("\u{0b}1", "line 1, column 1: expected a value"),
        MalformedJSON("<xml/>", "line 1, column 1: expected a value"),
    ]
}
