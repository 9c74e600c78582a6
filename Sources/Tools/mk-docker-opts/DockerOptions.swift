import Addressing

/// What Docker is told, by the names of the variables that it is written in.
struct DockerOptions {
    /// In the order of their names.
    private let options: [(name: String, value: String)]
    /// The host's.
    let subnet: CIDR?

    private static let prefix = "DOCKER_OPT_"

    /// A value of `FLANNEL_IPMASQ` that is neither true nor false.
    struct InvalidMasquerade: Error {
        let value: String
    }

    /// - Parameters:
    ///   - variables: those of the daemon, and options of Docker's that somebody else has given.
    ///   - masquerades: whether Docker is told whether it should masquerade.
    /// - Throws: `InvalidMasquerade`.
    init(_ variables: ShellVariables, masquerades: Bool) throws(InvalidMasquerade) {
        let own = [
            ("BIP", variables.given("FLANNEL_SUBNET").map { "--bip=\($0)" }),
            ("IPMASQ", masquerades ? try Self.masquerade(variables) : nil),
            ("MTU", variables.given("FLANNEL_MTU").map { "--mtu=\($0)" }),
        ]
        var values = variables.values.filter { $0.key.hasPrefix(Self.prefix) && ShellVariables.isName($0.key) }
        for case (let name, let value?) in own { values[Self.prefix + name] = value }
        options = values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        subnet = variables.given("FLANNEL_SUBNET").flatMap { CIDR($0) }
    }

    /// One of the two masquerades.
    private static func masquerade(_ variables: ShellVariables) throws(InvalidMasquerade) -> String? {
        switch variables.given("FLANNEL_IPMASQ") {
        case nil: nil
        case "true": "--ip-masq=false"
        case "false": "--ip-masq=true"
        case let value?: throw InvalidMasquerade(value: value)
        }
    }

    /// The lines, to the byte those of the reference.
    func text(_ form: Request.Form, combinedAs key: String, behind given: String?) -> String {
        var text = ""
        if form.hasEach {
            for option in options { text += "\(option.name)=\"\(Self.quoted(option.value))\"\n" }
        }
        if form.hasCombined {
            let combined = (given.map { "\($0) " } ?? "") + options.map { " \($0.value)" }.joined()
            text += "\(key)=\"\(Self.quoted(combined))\"\n"
        }
        return text
    }

    /// So that neither a shell nor systemd takes the value for more than it is.
    private static func quoted(_ value: String) -> String {
        var text = ""
        for character in value {
            if "\"\\$`".contains(character) { text.append("\\") }
            text.append(character)
        }
        return text
    }
}
