package import CNI
package import ContainerLinks
package import JSON

extension NetworkConfiguration {
    /// The name of the bridge that `bridge` asks for; of what kind a name it is, is not looked at.
    package func bridgeName() throws(JSONError) -> String { try reader.optional("bridge") ?? Bridge.defaultName }

    /// Whether there is an `uplink`, whatever it says.
    package var asksForUplink: Bool { (try? reader.optional("uplink", as: JSONReader.self)) != nil }

    /// What `uplink` asks for: an interface by its name, or `default` for the one that the default route leads to; nil
    /// without the member, or when it is empty.
    ///
    /// - Parameter bridge: the name of the bridge that gets it.
    /// - Returns: the uplink as it is to be.
    /// - Throws: code 7 for what is no name, and for members that do not go with it.
    package func uplink(of bridge: String) throws -> Uplink? {
        guard let name: String = try reader.optional("uplink"), !name.isEmpty else { return nil }
        do throws(CNIError) {
            try Identifier.checkInterfaceName(name)
        } catch {
            throw CNIError(.invalidConfiguration, "uplink: \(error.message)", details: error.details)
        }
        guard name != bridge else {
            throw CNIError(.invalidConfiguration, "uplink: \"\(name)\" is the bridge itself")
        }
        for member in ["isGateway", "isDefaultGateway", "forceAddress"] {
            guard try reader.optional(member) == true else { continue }
            throw CNIError(
                .invalidConfiguration,
                "\(member): not together with \"uplink\", where containers use the gateway that the hosts use; "
                    + "\"routes\" and \"gateway\" in \"ipam\" tell them")
        }
        return Uplink(name == "default" ? .ofDefaultRoute : .named(name), of: bridge, mtu: try mtu())
    }
}
