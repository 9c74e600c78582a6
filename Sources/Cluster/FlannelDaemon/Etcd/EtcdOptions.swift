/// How etcd is reached.
package struct EtcdOptions: Hashable, Sendable {
    /// Tried in turn until one answers.
    package var endpoints = ["http://127.0.0.1:4001", "http://127.0.0.1:2379"]
    /// The folder that all keys are in.
    package var prefix = "/coreos.com/network"
    package var keyFile = ""
    package var certificateFile = ""
    package var authorityFile = ""
    package var user = ""
    package var password = ""

    package init() {}

    /// The folder without what a path may have too much: it begins with one slash, and does not end with one.
    var folder: String { prefix.split(separator: "/").map { "/\($0)" }.joined() }
}
