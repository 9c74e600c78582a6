import CNI
import LinuxSystem

/// The parameters that the administrator of the host lets configurations set: one regular expression a line, which matches any
/// part of a name as it is written.
struct ParameterAllowlist {
    static let path = "/etc/cni/tuning/allowlist.conf"

    private let expressions: [String]

    init(_ text: String) {
        expressions = text.split(whereSeparator: \.isNewline)
            .map { String($0.drop(while: \.isWhitespace).trimmingEnd()) }.filter { !$0.isEmpty }
    }

    /// Reads the host's list; nil where there is none, and everything is allowed.
    ///
    /// - Throws: code 5 when it cannot be read, which allows nothing.
    static func load() throws(CNIError) -> ParameterAllowlist? {
        do throws(SystemError) {
            return ParameterAllowlist(String(decoding: try File.read(path), as: UTF8.self))
        } catch  where error.code == .noSuchFile || error.code == .notDirectory {
            return nil
        } catch {
            throw CNIError(.inputOutput, "\(error)")
        }
    }

    /// - Throws: code 7 when no line allows the parameter, or when one is no regular expression.
    func require(_ name: ParameterName) throws(CNIError) {
        for expression in expressions where try Self.matches(expression, name.text) { return }
        throw CNIError(
            .invalidConfiguration,
            "Sysctl \(name.text) is not allowed. Only the following sysctls are allowed: "
                + "[\(expressions.joined(separator: " "))]", details: "\(Self.path) lists them")
    }

    private static func matches(_ expression: String, _ text: String) throws(CNIError) -> Bool {
        do {
            // By scalars, as other regular expressions are, and not by what a reader takes for one character.
            let regex = try Regex(expression).matchingSemantics(.unicodeScalar)
            return text.firstMatch(of: regex) != nil
        } catch {
            throw CNIError(
                .invalidConfiguration, "\(path): expected a regular expression, got \"\(expression)\"",
                details: "\(error)")
        }
    }
}

extension Substring {
    fileprivate func trimmingEnd() -> Substring {
        var result = self
        while result.last?.isWhitespace == true { result.removeLast() }
        return result
    }
}
