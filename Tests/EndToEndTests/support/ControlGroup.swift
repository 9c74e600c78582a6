import Foundation

/// Control groups that containers had; those outlive the namespaces.
enum ControlGroup {
    /// The hierarchy of version 2, and those of version 1 below its place.
    static var hierarchies: [URL] {
        let root = URL(filePath: "/sys/fs/cgroup")
        let folders = try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)
        return [root] + (folders ?? [])
    }

    /// Removes a group, and those below it, from all hierarchies.
    ///
    /// - Parameter name: from the root of the hierarchy, as `/name`.
    /// - Returns: false when a process is still in it.
    static func remove(_ name: String) -> Bool {
        hierarchies.map { $0.path + name }.allSatisfy(removeFolder)
    }

    private static func removeFolder(_ path: String) -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return true }
        let children = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for child in children where FileManager.default.fileExists(atPath: "\(path)/\(child)/cgroup.procs") {
            guard removeFolder("\(path)/\(child)") else { return false }
        }
        return rmdir(path) == 0
    }
}
