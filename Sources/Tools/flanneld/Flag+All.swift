import FlannelDaemon

/// The flags of the reference, and three of this daemon's own.
extension Flag {
    static let all: [Flag] = store + host + packets + files + others

    private static let store: [Flag] = [
        .list(
            "etcd-endpoints", "URLS", .store,
            "etcd's members, after commas (http://127.0.0.1:4001,http://127.0.0.1:2379)", isRepeatable: false,
            \.etcd.endpoints),
        .text("etcd-prefix", "PATH", .store, "the folder of all keys (/coreos.com/network)", \.etcd.prefix),
        .text(
            "etcd-cafile", "FILE", .store, "who may have signed etcd's certificate; else the system's",
            \.etcd.authorityFile),
        .text("etcd-certfile", "FILE", .store, "this host's certificate for etcd", \.etcd.certificateFile),
        .text("etcd-keyfile", "FILE", .store, "the key of that certificate", \.etcd.keyFile),
        .text("etcd-username", "NAME", .store, "who asks etcd", \.etcd.user),
        .text(
            "etcd-password", "TEXT", .store, "the password of that user; better in FLANNELD_ETCD_PASSWORD",
            \.etcd.password),
        .number(
            "subnet-lease-renew-margin", "MINUTES", .store,
            "how long before its end the lease is renewed, 1 to 1439 (60)", \.renewMargin),
        Flag(
            name: "on-lease-lost", argument: "exit|reacquire", group: .store,
            help: "what to do when the lease is gone: end, as the reference does, or take it again (exit)"
        ) { (options, value) throws(ArgumentError) in
            guard ["exit", "reacquire"].contains(value) else {
                throw ArgumentError("invalid value \"\(value)\" for -on-lease-lost: expected exit or reacquire")
            }
            options.reacquiresLostLease = value == "reacquire"
        },
        .option("kube-subnet-mgr", .store, "leases by Kubernetes: comes with a later release", \.usesKubernetes),
    ]

    private static let host: [Flag] = [
        .list(
            "iface", "NAME|ADDRESS", .host, "the interface to the other hosts; several times, the first that is there",
            isRepeatable: true, \.reconciler.underlay.interfaces),
        .list(
            "iface-regex", "REGEX", .host, "the same by a regular expression for an address or a name",
            isRepeatable: true, \.reconciler.underlay.expressions),
        .address(
            "iface-can-reach", .host, "the interface by which this address is reached", \.reconciler.underlay.reachable),
        .address(
            "public-ip", .host, "where the other hosts send packets, if not to the interface's address",
            \.reconciler.underlay.publicIP),
        .address("public-ipv6", .host, "the same for IPv6", \.reconciler.underlay.publicIPv6),
    ]

    private static let packets: [Flag] = [
        .option("ip-masq", .packets, "masquerade what leaves the network", \.reconciler.masquerades),
        .inverse(
            "ip-masq-fully-random-disable", .packets, "choose ports of masqueraded connections in order",
            \.reconciler.hasRandomPorts),
        .option(
            "iptables-forward-rules", .packets, "let what comes from the network and goes to it be forwarded (true)",
            \.reconciler.forwards),
        .number(
            "iptables-resync", "SECONDS", .packets,
            "how often everything is compared that nothing gives reason to look at (60)", \.resyncPeriod),
        .option(
            "ip-blackhole-route", .packets, "what goes to no container of this host's subnet leads nowhere",
            \.reconciler.makesBlackholeRoute),
    ]

    private static let files: [Flag] = [
        .text(
            "subnet-file", "FILE", .files, "where this host's subnet is told (/run/flannel/subnet.env)",
            \.reconciler.subnetFile),
        .text(
            "state-dir", "FOLDER", .files, "where what is known is kept for the next start (/var/lib/flannel)",
            \.stateDirectory),
        .text("healthz-ip", "ADDRESS", .health, "where /healthz, /readyz and /metrics are (0.0.0.0)", \.healthAddress),
        .number("healthz-port", "PORT", .health, "their port; 0 for none (0)", \.healthPort),
    ]

    /// Those of Kubernetes and of the reference's log are taken, and do nothing.
    private static let others: [Flag] =
        [.option("version", .others, "print the version", \.asksForVersion)]
        + ["kube-api-url", "kubeconfig-file", "kube-annotation-prefix", "net-config-path"].map { .ignored($0, "TEXT") }
        + [.ignored("set-node-network-unavailable", nil), .ignored("use-multi-cluster-cidr", nil)]
        + ["v", "vmodule", "log_backtrace_at"].map { .ignored($0, "TEXT") }
        + [.ignored("logtostderr", nil), .ignored("alsologtostderr", nil)]

    // MARK: Kinds

    private static func address(
        _ name: String, _ group: Group, _ help: String, _ path: any WritableKeyPath<DaemonOptions, String?> & Sendable
    ) -> Flag {
        Flag(name: name, argument: "ADDRESS", group: group, help: help) {
            (options, value) throws(ArgumentError) in options[keyPath: path] = value
        }
    }

    private static func inverse(
        _ name: String, _ group: Group, _ help: String, _ path: any WritableKeyPath<DaemonOptions, Bool> & Sendable
    ) -> Flag {
        Flag(name: name, argument: nil, group: group, help: help) {
            (options, value) throws(ArgumentError) in options[keyPath: path] = try !truth(value, name)
        }
    }

    private static func ignored(_ name: String, _ argument: String?) -> Flag {
        Flag(name: name, argument: argument, group: .others, help: "") {
            (_, _) throws(ArgumentError) in
        }
    }
}
