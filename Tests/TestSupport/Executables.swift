import Foundation
import LinuxSystem

/// Where programs under test and their peers are.
public enum Executables {
    /// The suite's own: those of `CNI_BIN`, or else those built beside the tests.
    public static let own: String = {
        if let folder = ProcessEnvironment.value(of: "CNI_BIN"), !folder.isEmpty {
            return URL(fileURLWithPath: folder).path
        }
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (test as NSString).deletingLastPathComponent
    }()

    /// The reference's, from Debian's `containernetworking-plugins`.
    public static let reference = "/usr/lib/cni"

    /// Whether the reference is installed.
    public static var hasReference: Bool { File.isRegular("\(reference)/bridge") }

    /// Whether this process may make network namespaces.
    public static let canCreateNamespaces = (try? NetworkNamespace.make().identity()) != nil

    /// The path of a program, looked up as a shell would.
    public static func find(_ program: String) -> String? {
        let folders =
            (ProcessEnvironment.value(of: "PATH") ?? "").split(separator: ":").map(String.init)
            + ["/usr/sbin", "/sbin"]
        return folders.map { "\($0)/\(program)" }.first(where: File.isRegular)
    }
}
