import Foundation
import TestSupport
import Testing

/// The sources, held against the architecture, the manifest and each other.
struct LayoutTests {
    /// All Swift files, by their paths.
    static let sources = ["Sources", "Tests"].reduce(into: [String: Source]()) { sources, folder in
        let files = FileManager.default.enumerator(atPath: Repository.path(folder))?.compactMap { $0 as? String } ?? []
        for file in files where file.hasSuffix(".swift") {
            sources["\(folder)/\(file)"] = (try? Repository.text("\(folder)/\(file)")).map(Source.init)
        }
    }

    /// Folders in `Sources` with Swift in them, as in `System/JSON`.
    static let modules = Set(
        sources.keys.filter { $0.hasPrefix("Sources/") }
            .map { $0.split(separator: "/").dropFirst().prefix(2).joined(separator: "/") }
    ).sorted()

    static let manifest = (try? Repository.text("Package.swift")).map(Manifest.init)

    @Test(arguments: modules)
    func importsOnlyWhatItsRowAllows(module: String) {
        #expect(Architecture.knows(module), "Architecture has no row for it")
        let imports = Self.sources(below: "Sources/\(module)").flatMap(\.imports)
        #expect(Architecture.forbidden(Set(imports), in: module) == [])
    }

    @Test(arguments: modules)
    func hasATargetOfItsName(module: String) throws {
        let target = try #require(Self.manifest?.targets.first { $0.path == "Sources/\(module)" })
        #expect(target.kind == "executableTarget" || target.name == Architecture.name(of: module))
    }

    /// In others' sources the module could not be named any more; nobody imports an executable.
    @Test(arguments: modules.filter { Architecture.libraries[$0] != nil })
    func hasNoTypeOfItsName(module: String) {
        let name = Architecture.name(of: module)
        #expect(!Self.sources(below: "Sources/\(module)").flatMap(\.types).contains(name))
    }

    @Test func theManifestNamesWhatTargetsImport() throws {
        let targets = try #require(Self.manifest?.targets)
        for target in targets where target.kind != "systemLibrary" {
            let sources = Self.sources(below: target.path)
            #expect(!sources.isEmpty, "\(target.path)")
            #expect(target.differences(from: Set(sources.flatMap(\.imports)), in: targets) == [], "\(target.name)")
        }
    }

    @Test func everyFileIsATargets() throws {
        let folders = try #require(Self.manifest?.targets).map { "\($0.path)/" }
        #expect(Self.sources.keys.filter { file in !folders.contains { file.hasPrefix($0) } } == [])
    }

    @Test func noFileIsLong() {
        #expect(Self.sources.filter { $0.value.lineCount > 400 }.map(\.key) == [])
    }

    private static func sources(below folder: String) -> [Source] {
        sources.filter { $0.key.hasPrefix("\(folder)/") }.map(\.value)
    }
}
