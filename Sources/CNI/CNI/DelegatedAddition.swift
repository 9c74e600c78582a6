/// What a delegate's ADD has printed, while its process comes to its end.
public struct DelegatedAddition: ~Copyable {
    public let result: CNIResult
    /// Nil once it has ended.
    private var process: PluginProcess?

    init(_ result: CNIResult, _ process: consuming PluginProcess? = nil) {
        self.result = result
        self.process = process
    }

    /// Waits until the plugin has ended.
    ///
    /// - Throws: code 0 or what it printed when it failed after all; the result is none then.
    public mutating func finish() throws(CNIError) {
        try process?.wait()
        process = nil
    }
}
