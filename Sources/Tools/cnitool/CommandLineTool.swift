import CNI
import Glibc
import LinuxSystem

/// The way from the command line to a subcommand, and from its error to standard error.
@main
enum CommandLineTool {
    /// In the order of the help text.
    static var subcommands: [any Subcommand.Type] {
        [
            Add.self, Check.self, Delete.self, CollectGarbage.self, Status.self, LeaseList.self, NodeList.self,
            Version.self,
        ]
    }

    static func main() {
        // An ADD that is interrupted undoes what it has done.
        Interruption.holdBack()
        StandardStreams.surviveClosedPipes()
        var arguments = Arguments(CommandLine.arguments.dropFirst())
        do {
            if arguments.flag("-h", "--help") {
                try StandardStreams.writeOutput(Array("\(Help.text)\n".utf8))
            } else {
                try subcommand(&arguments).run(&arguments)
            }
            exit(0)
        } catch let error as UsageError {
            StandardStreams.log("cnitool: \(error.message)\n\n\(Help.usage)\n\n\"cnitool --help\" explains it.")
        } catch let error as Failure {
            for line in error.lines { StandardStreams.log("cnitool: \(line)") }
        } catch {
            StandardStreams.log("cnitool: \(error)")
        }
        exit(1)
    }

    private static func subcommand(_ arguments: inout Arguments) throws -> any Subcommand.Type {
        guard !arguments.isEmpty else {
            StandardStreams.log(Help.text)
            exit(1)
        }
        let name = try arguments.operand("a subcommand")
        guard let subcommand = subcommands.first(where: { $0.name == name }) else {
            throw UsageError("there is no subcommand \"\(name)\"")
        }
        return subcommand
    }
}
