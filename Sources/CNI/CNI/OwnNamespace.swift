import LinuxSystem

/// The rule that a container's network namespace is another one than that of whoever attaches it.
package enum OwnNamespace {
    /// Checks a path, unless `CNI_NETNS_OVERRIDE` allows everything.
    ///
    /// - Throws: code 8 when it leads to the namespace that this process is in.
    package static func refuse(_ path: String) throws(CNIError) {
        let override = ProcessEnvironment.value(of: "CNI_NETNS_OVERRIDE") ?? ""
        guard override == "1" || override.uppercased() == "TRUE" || !NetworkNamespace.isCurrent(path: path) else {
            throw CNIError(
                .invalidNamespace, "plugin's netns and netns from CNI_NETNS should not be the same", details: path)
        }
    }
}
