import Testing

struct SourceTests {
    @Test func findsImportsOfEveryForm() {
        let source = Source(
            """
            // import Comment
            import Plain
            public import Public
            @testable import Testable
            @preconcurrency internal import Internal
            import struct Whole.Part
            private import func Called.function
            let text = "import Literal"
            /// An import Documentation.
            """)
        #expect(source.imports == ["Plain", "Public", "Testable", "Internal", "Whole", "Called"])
    }

    @Test func passesOverMadeUpSources() {
        let quotes = String(repeating: "\"", count: 3)
        #expect(
            Source("import JSON\nlet text = \(quotes)\nimport Madeup\nstruct Madeup {}\n\(quotes)\n").imports == [
                "JSON"
            ])
    }

    @Test func findsTypesOfEveryForm() {
        let source = Source(
            """
            struct Value {
                private enum Part: Int { case one }
            }
            public final class Object {}
            @propertyWrapper public struct Wrapper {}
            package protocol Form {}
            typealias Name = String
            indirect enum Tree {}
            // struct Comment
            let classOf = 1
            func struct(_ x: Int) {}
            extension Other {}
            """)
        #expect(source.types == ["Value", "Part", "Object", "Wrapper", "Form", "Name", "Tree"])
    }

    @Test func countsLines() {
        #expect(Source("").lineCount == 0)
        #expect(Source(String(repeating: "\n", count: 401)).lineCount == 401)
    }
}
