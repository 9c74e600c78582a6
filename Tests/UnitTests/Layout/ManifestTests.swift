import Testing

struct ManifestTests {
    private static let text = #"""
        // swift-tools-version: 6.2
        func plugin(_ name: String, _ target: String, _ dependencies: Target.Dependency...) -> Target {
            .executableTarget(
                name: target, dependencies: ["CNI"] + dependencies, path: "Sources/Plugins/\(name)",
                exclude: ["README.md"])
        }

        func tests(_ module: String, _ dependencies: Target.Dependency...) -> Target {
            .testTarget(
                name: "\(module)Tests", dependencies: [.init(stringLiteral: module)] + dependencies,
                path: "Tests/UnitTests/\(module)")
        }

        let package = Package(
            name: "p",
            products: [.executable(name: "bridge", targets: ["BridgePlugin"])],
            targets: [
                .systemLibrary(name: "CLinux", path: "Sources/System/CLinux"),
                .target(
                    name: "CNI", dependencies: [
                        "CLinux", "JSON",
                    ],
                    path: "Sources/CNI/CNI"),
                .target(
                    name: "JSON",
                    dependencies: [.product(name: "Other", package: "o", condition: .when(traits: ["T"]))],
                    path: "Sources/System/JSON"),
                plugin("bridge", "BridgePlugin", "JSON"),
                tests("JSON"),
                tests("CNI", "JSON", "BridgePlugin"),
            ],
            swiftLanguageModes: [.v6]
        )
        """#

    private let targets = Manifest(text.replacing("\n        ", with: "\n")).targets

    @Test func readsTargetsAndTheFunctionsThatMakeThem() {
        #expect(
            targets == [
                .init(name: "CLinux", path: "Sources/System/CLinux", dependencies: [], kind: "systemLibrary"),
                .init(name: "CNI", path: "Sources/CNI/CNI", dependencies: ["CLinux", "JSON"], kind: "target"),
                .init(
                    name: "JSON", path: "Sources/System/JSON", dependencies: [], products: ["Other"], kind: "target"),
                .init(
                    name: "BridgePlugin", path: "Sources/Plugins/bridge", dependencies: ["CNI", "JSON"],
                    kind: "executableTarget"),
                .init(
                    name: "JSONTests", path: "Tests/UnitTests/JSON", dependencies: ["JSON"], kind: "testTarget"),
                .init(
                    name: "CNITests", path: "Tests/UnitTests/CNI", dependencies: ["CNI", "JSON", "BridgePlugin"],
                    kind: "testTarget"),
            ])
    }

    struct Case: Sendable {
        var target: String
        var imports: Set<String>
        var differences: [String] = []
    }

    @Test(arguments: [
        Case(target: "CNI", imports: ["CLinux", "JSON", "Glibc"]),
        Case(target: "CNI", imports: ["JSON"], differences: ["CLinux is not imported"]),
        Case(target: "JSON", imports: ["CNI", "Other"], differences: ["CNI is missing"]),
        Case(target: "JSON", imports: [], differences: ["Other is not imported"]),
        Case(
            target: "BridgePlugin", imports: ["CNI", "CLinux"],
            differences: ["CLinux is missing", "JSON is not imported"]),
        Case(target: "JSONTests", imports: ["Testing", "Foundation"], differences: ["JSON is not imported"]),
        // It runs the plugin.
        Case(target: "CNITests", imports: ["CNI", "JSON", "Testing"]),
    ])
    func findsDependenciesThatAreUnusedOrMissing(test: Case) throws {
        let target = try #require(targets.first { $0.name == test.target })
        #expect(target.differences(from: test.imports, in: targets) == test.differences)
    }

    @Test func findsADependencyThatIsNamedTwice() throws {
        var target = try #require(targets.first { $0.name == "CNI" })
        target.dependencies.append("JSON")
        #expect(target.differences(from: ["CLinux", "JSON"], in: targets) == ["one is named twice"])
    }
}
