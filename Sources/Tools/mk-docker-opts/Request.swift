/// What the command line asks for: the options of flannel's `mk-docker-opts.sh`.
struct Request: Hashable {
    /// Where the daemon said what this host's subnet is.
    var source = "/run/flannel/subnet.env"
    var target = "/run/docker_opts.env"
    /// The name of the variable with all options.
    var key = "DOCKER_OPTS"
    var masquerades = true
    var form = Form()

    /// Which variables are written.
    struct Form: Hashable {
        var hasEach = true
        var hasCombined = true
    }

    static let usage = """
        usage: mk-docker-opts [-f FILE] [-d FILE] [-i] [-c] [-m] [-k KEY]

        Writes the options that Docker has to be started with to use this host's flannel subnet.

          -f FILE   what flanneld wrote (default: /run/flannel/subnet.env)
          -d FILE   what is written (default: /run/docker_opts.env)
          -i        write a variable for each option, DOCKER_OPT_BIP and so on
          -c        write one variable for all options; without -i and -c both are written
          -m        leave --ip-masq to Docker's own default
          -k KEY    the name of the variable for all options (default: DOCKER_OPTS)
        """

    /// Nil for what is none of these, and for a call for help.
    init?(_ words: [String]) {
        var rest = words[...]
        var (isEach, isCombined) = (false, false)
        while let word = rest.popFirst(), word != "--" {
            // As getopts of a shell reads it: the words behind the options say nothing.
            guard word.hasPrefix("-"), word != "-" else { break }
            var letters = word.dropFirst()
            while let letter = letters.popFirst() {
                switch letter {
                case "i": isEach = true
                case "c": isCombined = true
                case "m": masquerades = false
                case "f", "d", "k":
                    guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else { return nil }
                    letters = ""
                    switch letter {
                    case "f": source = value
                    case "d": target = value
                    default: key = value
                    }
                default: return nil
                }
            }
        }
        guard ShellVariables.isName(key) else { return nil }
        if isEach != isCombined { form = Form(hasEach: isEach, hasCombined: isCombined) }
    }
}
