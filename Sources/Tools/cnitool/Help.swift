/// What the tool says about itself.
enum Help {
    static var usage: String {
        let lines = CommandLineTool.subcommands.map { "cnitool \($0.name) \($0.parameters)" }
        return "usage: " + lines.joined(separator: "\n       ")
    }

    static var text: String {
        """
        cnitool attaches a network namespace to a CNI network, as a container runtime does it for
        a container: it reads the network's configuration and runs the plugins that are named there.

        \(usage)

        \(purposes)

          NET            the "name" in a file of /etc/cni/net.d
          NETNS          the path of a network namespace, such as /proc/4711/ns/net, or the name of
                         one that "ip netns add" made: blue is the same as /var/run/netns/blue
          --dry-run      tell what gc would delete and what it would keep, and why, or what add would
                         change of this host's own interfaces; change nothing
          -v, --verbose  tell what gc keeps, and why, beside what it deletes
          --all          delete every attachment of the network, whoever made it and whether or not
                         it is in use, and whatever else the plugins find
          --json         print JSON instead of a table
          --probe        ask every other node for an echo, with packets as large as fit and that may
                         not be fragmented, and show how long each takes
          -i, --ifname   the interface's name in the namespace; else CNI_IFNAME, else eth0
          -h, --help     print this

        Environment:
          NETCONFPATH    where configurations are (/etc/cni/net.d)
          CNI_PATH       where plugins are, separated by colons (/opt/cni/bin)
          CNI_ARGS       arguments for the plugins, as in "IgnoreUnknown=1;MAC=02:00:00:00:00:01"
          CAP_ARGS       capability arguments for the plugins that declare them, as JSON
                         check and del use what add was given where these two are not set
          CNI_CACHE_DIR  where results are kept for check, del and gc (/var/lib/cni)

        gc deletes what cnitool itself attached, to a namespace that is not at its path any more and
        that no interface of this host leads into. It keeps what is alive and what others attached,
        and leaves the plugins' own GC, which may take more, to --all.

        del never touches an interface in the namespace that no add of cnitool made.

        Errors go to standard error, and the exit status is 1 then, as when overlay finds something
        missing, wrong or without an answer. What a failed add had done is undone.

        Examples, as root:
          ip netns add blue
          cnitool add mynet blue
          ip netns exec blue ip address
          cnitool del mynet blue
          ip netns delete blue

          export CAP_ARGS='{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}'
          cnitool add mynet /proc/4711/ns/net
        """
    }

    private static var purposes: String {
        CommandLineTool.subcommands.map { subcommand in
            let padding = String(repeating: " ", count: max(1, 15 - subcommand.name.count))
            return "  \(subcommand.name)\(padding)\(subcommand.purpose)"
        }
        .joined(separator: "\n")
    }
}
