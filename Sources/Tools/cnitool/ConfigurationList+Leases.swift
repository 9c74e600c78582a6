import CNIRuntime
import JSON
import Leases
import LinuxSystem

extension ConfigurationList {
    /// Where the network's plugins keep their leases, each directory once; none without host-local.
    var leaseRoots: [String] {
        var roots: [String] = []
        for plugin in plugins {
            guard let ipam = plugin.ipam, (ipam["type"] ?? plugin.defaultIPAM)?.string == "host-local" else { continue }
            let written = ipam["dataDir"]?.string ?? ""
            // A null character would end the path before its time; host-local refuses it.
            let root = written.isEmpty ? LeaseStore.defaultRoot : written
            if !roots.contains(root) && !root.utf8.contains(0) { roots.append(root) }
        }
        return roots
    }
}

extension PluginConfiguration {
    /// The configuration of whatever gives the addresses, also where another plugin is to be told it.
    fileprivate var ipam: JSONObject? {
        object["delegate"]?.object?["ipam"]?.object ?? object["ipam"]?.object ?? (defaultIPAM == nil ? nil : [:])
    }

    /// What `flannel` and `vxlan` tell the plugin they delegate to where the configuration says nothing.
    fileprivate var defaultIPAM: JSONValue? {
        ["flannel", "vxlan"].contains(type) ? "host-local" : nil
    }
}

extension LeaseStore {
    /// Milliseconds to wait for the lock of a network's leases.
    static var patience: Int { 10_000 }

    /// Whether there is a directory of a network's leases; looking makes none.
    ///
    /// - Throws: what keeps it from being looked at.
    static func exists(network: String, root: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try FileStatus(path: "\(root)/\(network)")
            return true
        } catch  where error.code == .noSuchFile || error.code == .notDirectory {
            return false
        }
    }
}
