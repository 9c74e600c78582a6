/// Why a network configuration says nothing.
package enum NetworkConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalid(String)

    package var description: String {
        switch self {
        case .invalid(let cause): cause
        }
    }
}
