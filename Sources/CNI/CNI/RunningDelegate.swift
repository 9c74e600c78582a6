import LinuxSystem

/// A delegate that was started for one verb and works while its caller does something else.
///
/// Whoever does not wait for it waits when the last reference to it goes.
package final class RunningDelegate {
    private let delegate: Delegate
    private let input: [UInt8]
    private var process: PluginProcess
    private var state = State.waiting
    /// Whether a signal that asks this process to end is passed on: ADD ends then, DEL and the undoing go on.
    private var passesSignalsOn: Bool

    private enum State {
        /// It has no configuration yet, so it has done nothing.
        case waiting
        case working
        case failed
        case succeeded
    }

    /// Whether it has ended well, and what it made is there.
    var hasSucceeded: Bool { state == .succeeded }

    init(_ delegate: Delegate, _ process: consuming PluginProcess, _ verb: Verb, input: [UInt8]) {
        passesSignalsOn = verb == .add
        self.delegate = delegate
        self.process = process
        self.input = input
    }

    /// Gives it its configuration; it has done nothing before.
    package func proceed() throws(CNIError) {
        state = .working
        try process.send(input)
    }

    /// Waits until its ADD has printed a result, which holds once it has ended well.
    ///
    /// - Throws: its error, unchanged; code 6 when its result cannot be read; code 11 when a signal came.
    package func result() throws(CNIError) -> CNIResult {
        try heedingSignals(printedResult)
    }

    private func printedResult() throws(CNIError) -> CNIResult {
        let output = try process.readOutput(passesSignalsOn: passesSignalsOn)
        let result: CNIResult
        do throws(CNIError) {
            result = try delegate.result(of: output)
        } catch {
            try finish()
            throw error
        }
        // A document without addresses may be an error, and there is nothing that could go on with it.
        if result.addresses.isEmpty { try finish() }
        return result
    }

    /// Waits until it has ended.
    ///
    /// - Throws: the error that it printed, unchanged; code 0 when it failed without saying so; code 11 when a signal ended its
    ///   ADD.
    package func finish() throws(CNIError) {
        guard state == .working else { return }
        state = .failed
        try heedingSignals { () throws(CNIError) in
            try process.readOutput(passesSignalsOn: passesSignalsOn)
            try process.wait(passesSignalsOn: passesSignalsOn)
        }
        state = .succeeded
    }

    /// Waits for it; where a signal was passed on, what it says of its end does not matter.
    private func heedingSignals<Value>(_ wait: () throws(CNIError) -> Value) throws(CNIError) -> Value {
        do throws(CNIError) {
            return try wait()
        } catch {
            guard passesSignalsOn else { throw error }
            do throws(SystemError) { try Interruption.check() } catch { throw CNIError(describing: error) }
            throw error
        }
    }

    /// Undoes its ADD, as far as that has begun: has it end, and its DEL run.
    package func abandon() throws(CNIError) {
        guard state != .waiting else { return }
        passesSignalsOn = false
        process.askToEnd()
        try? finish()
        try delegate.delete()
    }
}
