/// Names of domains, which end up in files that other programs read, so what could be anything else there is none.
enum DomainName {
    /// Letters, digits, hyphens and underscores between dots.
    static func isValid(_ name: String) -> Bool {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return 1...253 ~= name.utf8.count
            && (labels.last?.isEmpty == true ? labels.dropLast() : labels[...]).allSatisfy(isLabel)
    }

    private static func isLabel(_ label: some Collection<UInt8>) -> Bool {
        1...63 ~= label.count
            && label.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Reads the list of RFC 3397, whose names may end with a pointer to the end of an earlier one.
    ///
    /// Names that are none are left out, and the list ends where it cannot be read: RFC 1035, section 4.1.4.
    static func list(_ bytes: [UInt8]) -> [String] {
        var names: [String] = []
        var offset = 0
        while offset < bytes.count, let (name, next) = name(in: bytes, at: offset) {
            if isValid(name) { names.append(name) }
            offset = next
        }
        return names
    }

    /// - Returns: the name, and where the next one begins; nil when there is none.
    private static func name(in bytes: [UInt8], at start: Int) -> (name: String, next: Int)? {
        var labels: [String] = []
        var offset = start
        var next: Int?
        // Pointers lead back only, so there are fewer than bytes.
        while offset < bytes.count {
            let length = Int(bytes[offset])
            switch length {
            case 0:
                return (labels.joined(separator: "."), next ?? offset + 1)
            case 0xc0...:
                guard offset + 1 < bytes.count else { return nil }
                let target = (length & 0x3f) << 8 | Int(bytes[offset + 1])
                guard target < offset else { return nil }
                next = next ?? offset + 2
                offset = target
            case 1...63:
                guard offset + length < bytes.count, labels.count < 128 else { return nil }
                labels.append(String(decoding: bytes[offset + 1...offset + length], as: UTF8.self))
                offset += length + 1
            default:
                return nil
            }
        }
        return nil
    }
}
