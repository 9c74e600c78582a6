import Foundation

/// An image whose only layer is a static busybox: nothing has to be fetched.
struct BusyboxImage {
    static let name = "localhost/busybox:test"

    /// For its shell: pings an address until it answers, and not for ever, on a machine that is busy with other tests.
    static let pingScript = """
        tries=15
        until /bin/busybox ping -c 1 -W 1 "$0"; do
            tries=$((tries - 1))
            [ $tries -gt 0 ] || exit 1
        done
        """

    /// For its shell: a web server with one page, which returns once it listens.
    static let serveScript = #"echo "$0" > /index.html && /bin/busybox httpd -p 80 -h /"#

    /// The layer, uncompressed.
    let layer: Data

    private let host: ContainerHost

    init(on host: ContainerHost) async throws {
        self.host = host
        let root = host.directory.appending(path: "busybox")
        // Copied by a child: while this process has the file open for writing, the children of other tests have as well,
        // and it cannot be executed.
        try await host.run(
            "sh", "-euc", #"mkdir -p "$1/bin" && cp -L "$(command -v busybox)" "$1/bin/busybox""#, "sh", root.path)
        // Fails here, and not in the container, if it needs libraries.
        try await host.run("chroot", root.path, "/bin/busybox", "true")
        layer = try await host.run("tar", "--create", "--directory", root.path, "bin").bytes
    }

    /// Returns the image as `docker save` writes it.
    func archive() async throws -> Data {
        let folder = host.directory.appending(path: "image")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try layer.write(to: folder.appending(path: "layer.tar"))
        let digest = try await host.run("sha256sum", folder.appending(path: "layer.tar").path).text.prefix(64)
        let machine = try await host.run("uname", "-m").text.trimmingCharacters(in: .newlines)
        let architecture = ["x86_64": "amd64", "aarch64": "arm64"][machine] ?? machine
        let configuration = """
            {
              "architecture": "\(architecture)", "os": "linux",
              "config": {"Cmd": ["/bin/busybox", "sleep", "1000000"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:\(digest)"]}
            }
            """
        let manifest = """
            [{"Config": "config.json", "RepoTags": ["\(Self.name)"], "Layers": ["layer.tar"]}]
            """
        try Data(configuration.utf8).write(to: folder.appending(path: "config.json"))
        try Data(manifest.utf8).write(to: folder.appending(path: "manifest.json"))
        return try await host.run(
            "tar", "--create", "--directory", folder.path, "manifest.json", "config.json", "layer.tar"
        ).bytes
    }
}
