/// A program run to its end, with bytes in and bytes out.
public struct Subprocess: Sendable {
    public enum Ending: Hashable, Sendable, CustomStringConvertible {
        case exited(CInt)
        case signalled(CInt)

        public var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .signalled(let signal): "signal \(signal)"
            }
        }
    }

    public let ending: Ending
    public let output: [UInt8]
    public let errorOutput: [UInt8]

    /// Runs an executable and waits until it has ended and closed its standard output.
    ///
    /// - Parameters:
    ///   - path: the executable; no search path is used.
    ///   - arguments: those behind the program's name.
    ///   - environment: all variables, as `NAME=value`.
    ///   - input: the whole standard input.
    ///   - passesSignalsOn: whether the child is sent SIGTERM when this process holds back a SIGTERM or SIGINT; it is
    ///     waited for all the same.
    ///   - endsWithCaller: whether it is killed when this process ends before it.
    ///   - body: what this process does while the child runs; not called when the child cannot be started.
    /// - Returns: how it ended and what it said.
    /// - Throws: the error of posix_spawn(3) with the path as its subject; nothing has run then; `EFBIG` when
    ///   the child prints more than 16 MiB.
    public static func run(
        _ path: String, _ arguments: [String] = [], environment: [String], input: [UInt8] = [],
        passesSignalsOn: Bool = false, endsWithCaller: Bool = false, meanwhile body: () -> Void = {}
    ) throws(SystemError) -> Subprocess {
        var process = try RunningProcess(path, arguments, environment: environment, endsWithCaller: endsWithCaller)
        var failure: SystemError?
        do throws(SystemError) { try process.send(input) } catch { failure = error }
        body()
        // Waited for even when there is too much to read.
        do throws(SystemError) {
            try process.readOutput(passesSignalsOn: passesSignalsOn)
        } catch {
            failure = failure ?? error
        }
        let ended = try process.wait(passesSignalsOn: passesSignalsOn)
        if let failure { throw failure }
        return ended
    }

    init(_ ending: Ending, output: [UInt8], errorOutput: [UInt8]) {
        self.ending = ending
        self.output = output
        self.errorOutput = errorOutput
    }
}
