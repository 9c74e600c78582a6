import CNI
import Hashing
import LinuxSystem

/// The namespace that a user names, standing in for a container.
struct ContainerNamespace {
    /// Absolute, without `.`, `..` and double slashes, symbolic links as they are.
    let path: String

    /// Takes a path, or the name of a namespace that `ip netns add` made.
    ///
    /// A name means what `/var/run/netns/NAME` means, the form that the documentation of the original uses: both lead
    /// to the same container id. A file of that name in the working directory goes before it.
    ///
    /// - Throws: when there has to be a namespace of that name and is none.
    init(_ argument: String, mustExist: Bool) throws(CNIError) {
        guard !argument.contains("/"), argument != ".", argument != "..", !File.isRegular(argument) else {
            path = Self.absolute(argument, in: WorkingDirectory.path)
            return
        }
        path = "/var/run/netns/\(argument)"
        guard !mustExist || File.isRegular(path) else {
            throw CNIError(
                .invalidEnvironment, "there is no network namespace \"\(argument)\"",
                details: "\"ip netns add \(argument)\" makes one; any other is named by its path")
        }
    }

    /// The id that the original derives from the path.
    var containerID: String { "cnitool-\(SHA512.hexadecimal(path, digits: 20))" }

    static func absolute(_ path: String, in directory: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : "\(directory)/\(path)").split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/\(parts.joined(separator: "/"))"
    }
}
