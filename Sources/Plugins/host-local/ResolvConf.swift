import CNI
import LinuxSystem

extension CNIResult.DNS {
    /// Reads a file in the form of resolv.conf(5).
    ///
    /// - Throws: code 5 with the path, when it cannot be read.
    init(resolvConf path: String) throws(CNIError) {
        do {
            self.init(resolvConfText: String(decoding: try File.read(path), as: UTF8.self))
        } catch {
            throw CNIError(.inputOutput, "\(error)")
        }
    }

    /// Lists on several lines add up, which the manual page would have replace each other: the reference's way.
    init(resolvConfText text: String) {
        self.init()
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.count >= 2, let keyword = words.first, !keyword.hasPrefix("#"), !keyword.hasPrefix(";") else {
                continue
            }
            switch keyword {
            case "nameserver": nameservers.append(words[1])
            case "domain": domain = words[1]
            case "search": search += words[1...]
            case "options": options += words[1...]
            default: break
            }
        }
    }
}
