import CNI
import Hashing
import LinuxSystem

/// The namespace that a user names, standing in for a container.
struct ContainerNamespace {
    /// Absolute, without `.`, `..` and double slashes, symbolic links as they are.
    let path: String
    /// As `ip netns` knows it; nil for one that is named by its path.
    private let name: String?

    /// Takes a path, or the name of a namespace that `ip netns add` made.
    ///
    /// A name means what `/var/run/netns/NAME` means, the form that the documentation of the original uses: both lead
    /// to the same container id. Only where there is no such namespace, it may be a file in the working directory:
    /// others can write into some of those.
    init(_ argument: String) {
        let named = "/var/run/netns/\(argument)"
        let isPath =
            argument.contains("/") || argument == "." || argument == ".."
            || !File.isRegular(named) && File.isRegular(argument)
        path = isPath ? Self.absolute(argument, in: WorkingDirectory.path) : named
        name = isPath ? nil : argument
    }

    /// The id that the original derives from the path.
    var containerID: String { Self.containerID(of: path) }

    /// The id of the container whose namespace is at an absolute path.
    static func containerID(of path: String) -> String { "cnitool-\(SHA512.hexadecimal(path, digits: 20))" }

    /// Opens it, when it has to be there.
    ///
    /// - Throws: code 8 when there is none, with what to do.
    func open() throws(CNIError) -> NetworkNamespace {
        do throws(SystemError) {
            return try NetworkNamespace(path: path)
        } catch {
            if let name, error.code == .noSuchFile {
                throw CNIError(
                    .invalidNamespace, "there is no network namespace \"\(name)\"",
                    details: "\"ip netns add \(name)\" makes one; any other is named by its path")
            }
            let isHidden = error.code == .accessDenied || error.code == .permissionDenied
            throw CNIError(
                .invalidNamespace, "\(path) is no network namespace that can be opened: \(error.cause)",
                details: isHidden
                    ? "run it as root, outside of containers"
                    : "\"lsns -t net\" lists those of processes, \"ip netns\" those with names")
        }
    }

    /// Opens it as far as it still exists; nil when the path leads to nothing, or to nothing of that kind.
    ///
    /// - Throws: what keeps it from being looked at.
    static func openIfPresent(_ path: String) throws(SystemError) -> NetworkNamespace? {
        do throws(SystemError) {
            return try NetworkNamespace(path: path)
        } catch {
            switch error.code {
            case .noSuchFile, .notDirectory, .invalidArgument: return nil
            default: throw error
            }
        }
    }

    static func absolute(_ path: String, in directory: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : "\(directory)/\(path)").split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/\(parts.joined(separator: "/"))"
    }
}
