import Foundation
import TestSupport

/// A hundred echo requests a second, until somebody asks how many got no answer.
final class Pings {
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    init(from container: TestContainer, to address: String) throws {
        directory = try TemporaryDirectory()
        process = try ChildProcess(
            URL(filePath: Executables.find("nsenter") ?? ""),
            ["--net=\(container.path)", Executables.find("ping") ?? "ping", "-i", "0.01", "-q", address],
            environment: [:], output: .file(URL(filePath: "\(directory.path)/output")))
    }

    /// Ends it; a request that is on its way counts as answered.
    func lost() throws -> Int {
        kill(process.identifier, SIGINT)
        _ = process.wait()
        let output = directory.contents("output") ?? ""
        guard let match = output.firstMatch(of: /(\d+) packets transmitted, (\d+) received/),
            let sent = Int(match.1), let received = Int(match.2), sent > 0
        else { throw CommandFailure(description: "ping: \(output)") }
        return max(0, sent - received - 1)
    }
}
