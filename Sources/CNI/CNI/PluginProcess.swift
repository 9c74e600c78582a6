import JSON
import LinuxSystem

/// A plugin that was started.
struct PluginProcess: ~Copyable {
    private var process: RunningProcess

    init(_ process: consuming RunningProcess) {
        self.process = process
    }

    /// Gives it its configuration.
    mutating func send(_ input: [UInt8]) throws(CNIError) {
        do throws(SystemError) {
            try process.send(input)
        } catch {
            throw CNIError(.other, "\(error)")
        }
    }

    /// Reads what it prints, until it closes its standard output.
    ///
    /// - Throws: when it prints too much.
    @discardableResult
    mutating func readOutput(passesSignalsOn: Bool) throws(CNIError) -> [UInt8] {
        do throws(SystemError) {
            return try process.readOutput(passesSignalsOn: passesSignalsOn)
        } catch {
            throw CNIError(.other, "\(error)")
        }
    }

    /// Asks it to end before it has done what it was started for.
    mutating func askToEnd() {
        process.askToEnd()
    }

    /// Waits until it has ended; what it wrote to standard error is passed on.
    ///
    /// - Parameter passesSignalsOn: whether a signal that asks this process to end is passed on.
    /// - Returns: what it printed.
    /// - Throws: the error that it printed, unchanged; code 0 when it failed without saying so.
    @discardableResult
    mutating func wait(passesSignalsOn: Bool) throws(CNIError) -> [UInt8] {
        let child: Subprocess
        do throws(SystemError) {
            child = try process.wait(passesSignalsOn: passesSignalsOn)
        } catch {
            throw CNIError(.other, "\(error)")
        }
        let log = String(decoding: child.errorOutput, as: UTF8.self)
        let hasSucceeded = child.ending == .exited(0)
        // Where the log is all that a failed plugin left, it becomes the error.
        if !log.isEmpty && (hasSucceeded || !child.output.isEmpty) {
            StandardStreams.log(log.hasSuffix("\n") ? String(log.dropLast()) : log)
        }
        guard hasSucceeded else { throw failure(of: child, log: log) }
        return child.output
    }

    private func failure(of child: Subprocess, log: String) -> CNIError {
        if child.output.isEmpty {
            return log.isEmpty
                ? CNIError(.unknown, "netplugin failed with no error message: \(child.ending)")
                : CNIError(.unknown, "netplugin failed: \(JSONValue.string(log)): \(child.ending)")
        }
        do {
            return try CNIError(reading: JSONReader(JSONValue(parsing: child.output)))
        } catch {
            if case .signalled = child.ending { return CNIError(.unknown, "netplugin failed: \(child.ending)") }
            let text = JSONValue.string(String(decoding: child.output, as: UTF8.self))
            return CNIError(
                .unknown, "netplugin failed but error parsing its diagnostic message \(text): \(error)")
        }
    }
}
