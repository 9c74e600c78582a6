package import CNI
import JSON
import LinuxSystem

/// The directory with the configurations of a node's networks.
///
/// Looked at are its `*.conflist` files, and when none of them has the network, its `*.conf` and `*.json` files with a
/// single plugin; both in the order of their names. What is no regular file is passed over.
package struct ConfigurationDirectory: Sendable {
    package static let standard = ConfigurationDirectory(path: "/etc/cni/net.d")

    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// The first list that defines a network.
    ///
    /// - Throws: code 7 when there is none, with the names that there are; the error of the first file that cannot be
    ///   read, even if another one defines the network.
    package func list(named name: String) throws(CNIError) -> ConfigurationList {
        var names: [String] = []
        let lists = try files(in: path, [".conflist"])
        for file in lists {
            let list = try list(in: file)
            if list.name == name { return list }
            names.append(list.name)
        }
        let singles = try files(in: path, [".conf", ".json"])
        for file in singles {
            let plugin = try plugin(in: file)
            if plugin.name == name { return try named(file) { _ throws(CNIError) in try ConfigurationList(plugin) } }
            if let name = plugin.name, !name.isEmpty { names.append(name) }
        }
        guard !lists.isEmpty || !singles.isEmpty else {
            throw CNIError(.invalidConfiguration, "no net configurations found in \(path)")
        }
        throw CNIError(
            .invalidConfiguration, "no net configuration with name \"\(name)\" in \(path)",
            details: names.isEmpty ? nil : "there is \(names.map { "\"\($0)\"" }.joined(separator: ", "))")
    }

    /// The lists of all networks, in the order in which they are looked at.
    ///
    /// - Throws: the error of the first file that cannot be read.
    package func lists() throws(CNIError) -> [ConfigurationList] {
        var lists: [ConfigurationList] = []
        for file in try files(in: path, [".conflist"]) { lists.append(try list(in: file)) }
        for file in try files(in: path, [".conf", ".json"]) {
            let plugin = try plugin(in: file)
            guard plugin.name?.isEmpty == false else { continue }
            lists.append(try named(file) { _ throws(CNIError) in try ConfigurationList(plugin) })
        }
        var names: Set<String> = []
        return lists.filter { names.insert($0.name).inserted }
    }

    private func list(in file: String) throws(CNIError) -> ConfigurationList {
        try named(file) { bytes throws(CNIError) in try list(parsing: bytes) }
    }

    private func plugin(in file: String) throws(CNIError) -> PluginConfiguration {
        try named(file) { bytes throws(CNIError) in try PluginConfiguration(parsing: bytes) }
    }

    /// A list together with the plugins in the directory of the network's name.
    private func list(parsing bytes: [UInt8]) throws(CNIError) -> ConfigurationList {
        var list = try ConfigurationList(parsing: bytes)
        // Another name might lead out of the directory.
        if !list.loadsOnlyInlinedPlugins && Identifier.isValid(list.name) {
            for file in try files(in: "\(path)/\(list.name)", [".conf"]) {
                list.plugins.append(try plugin(in: file))
            }
        }
        guard !list.plugins.isEmpty else { throw CNIError(.invalidConfiguration, "no plugin configs found") }
        return list
    }

    /// Reads a file with errors that name it.
    private func named<Value>(
        _ file: String, _ body: ([UInt8]) throws(CNIError) -> Value
    ) throws(CNIError) -> Value {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(file)
        } catch {
            throw CNIError(.inputOutput, "\(error)")
        }
        do throws(CNIError) {
            return try body(bytes)
        } catch {
            throw CNIError(error.code, "\(file): \(error.message)", details: error.details)
        }
    }

    /// The regular files of a directory with one of some endings; none when there is no directory.
    private func files(in directory: String, _ endings: [String]) throws(CNIError) -> [String] {
        do throws(SystemError) {
            return try File.names(in: directory)
                .filter { name in endings.contains { name.hasSuffix($0) } }
                .map { "\(directory)/\($0)" }
                .filter(File.isRegular)
        } catch {
            if error.code == .noSuchFile { return [] }
            throw CNIError(.inputOutput, "\(error)")
        }
    }
}

extension ConfigurationList {
    /// The list with nothing but a plugin from a file of its own.
    fileprivate init(_ plugin: PluginConfiguration) throws(CNIError) {
        let document: JSONObject = [
            "cniVersion": plugin.object["cniVersion"] ?? "", "name": .string(plugin.name ?? ""),
            "plugins": [.object(plugin.object)],
        ]
        try self.init(parsing: document.serialized())
    }
}
