/// One step of a rule, as the kernel carries it out; all steps share one register.
enum Expression: Hashable, Sendable {
    /// Loads the network protocol, a byte as in `NFPROTO_IPV4`.
    case networkProtocol
    /// Loads the name of the interface that a packet came in by, 16 bytes.
    case inputInterfaceName
    /// Loads bytes of the link header.
    case linkHeader(offset: UInt32, length: UInt32)
    /// Loads bytes of the network header.
    case networkHeader(offset: UInt32, length: UInt32)
    /// Keeps the bits that a mask names.
    case mask([UInt8])
    /// Ends the rule unless the register holds, or does not hold, these bytes.
    case compare(Comparison, [UInt8])
    /// Takes the verdict that a map has for the register; ends the rule when it has none.
    case lookup(VerdictMap)
    case verdict(Verdict)
    case masquerade

    enum Comparison: Hashable, Sendable {
        case equal
        case notEqual
    }
}
