import Foundation
import LinuxSystem

/// Where programs under test and their peers are.
package enum Executables {
    /// The suite's own: those of `CNI_BIN`, or else those built beside the tests.
    package static let own: String = {
        if let folder = ProcessEnvironment.value(of: "CNI_BIN"), !folder.isEmpty {
            return URL(fileURLWithPath: folder).path
        }
        return builtBesideTests
    }()

    private static let builtBesideTests: String = {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (test as NSString).deletingLastPathComponent
    }()

    /// The flannel daemon, nil where it was built without the packages that it needs: the suite's own, or else that
    /// built beside the tests, since building the packages once more for a release takes longer than all else.
    package static let flanneld: String? = {
        for folder in [own, builtBesideTests] {
            let program = "\(folder)/flanneld"
            // It refuses these flags before it does anything.
            let answer = try? ThisMachine().outcome(of: [program, "--iface=x", "--healthz-port=x"])
            if let answer, answer.errorOutput.contains("healthz-port") { return program }
        }
        return nil
    }()

    /// The reference's, from Debian's `containernetworking-plugins`.
    package static let reference = "/usr/lib/cni"

    /// Whether the reference is installed.
    package static var hasReference: Bool { File.isRegular("\(reference)/bridge") }

    /// Whether this process may make network namespaces.
    package static let canCreateNamespaces = (try? NetworkNamespace.make().identity()) != nil

    /// Where programs are: a user's PATH may lack those of `ip` and `nft`.
    package static let folders =
        (ProcessEnvironment.value(of: "PATH") ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
        + ["/usr/sbin", "/sbin"]

    /// The path of a program, looked up as a shell would.
    package static func find(_ program: String) -> String? {
        guard !program.contains("/") else { return program }
        return folders.map { "\($0)/\(program)" }.first(where: File.isRegular)
    }
}
