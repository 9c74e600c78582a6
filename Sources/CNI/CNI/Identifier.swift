import LinuxSystem

/// The rules for names that end up in paths and in the kernel.
package enum Identifier {
    /// Whether a container id or network name has only the letters that the specification allows:
    /// `^[a-zA-Z0-9][a-zA-Z0-9_.\-]*$`.
    package static func isValid(_ text: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
        return text.utf8.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
    }

    /// - Throws: code 3 for no id, code 4 for one with other letters.
    package static func checkContainerID(_ text: String) throws(CNIError) {
        guard !text.isEmpty else { throw CNIError(.unknownContainer, "missing containerID") }
        guard isValid(text) else {
            throw CNIError(.invalidEnvironment, "invalid characters in containerID", details: text)
        }
    }

    /// - Throws: code 7 for no name, or one with other letters.
    package static func checkNetworkName(_ text: String) throws(CNIError) {
        guard !text.isEmpty else { throw CNIError(.invalidConfiguration, "missing network name") }
        guard isValid(text) else {
            throw CNIError(.invalidConfiguration, "invalid characters found in network name", details: text)
        }
    }

    /// - Throws: code 4 for a name that no interface can have.
    package static func checkInterfaceName(_ text: String) throws(CNIError) {
        guard let fault = InterfaceName.fault(of: text) else { return }
        throw CNIError(
            .invalidEnvironment, "\(fault)",
            details: fault == .tooLong ? "interface name should be less than 16 characters" : nil)
    }
}
