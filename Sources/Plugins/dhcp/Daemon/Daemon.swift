import Attachments
import CNI
import DHCP
import GoRPC
import LinuxSystem

/// The daemon: one loop over the plugins that are connected and the interfaces that wait for an answer.
///
/// A lease that is not due costs a value in memory.
struct Daemon: ~Copyable {
    let options: DaemonOptions
    let directory: LeaseDirectory
    let poll: EventPoll
    private let listener: FileDescriptor
    private let signals: FileDescriptor
    var tenancies: [Attachment: Tenancy] = [:]
    private var connections: [UInt64: DaemonConnection] = [:]
    /// Those with an open port, by its number.
    var listening: [UInt64: Tenancy] = [:]
    private var nextNumber = Number.firstOfOthers
    /// Whether connections have to wait until a descriptor is free.
    private var isFull = false
    var random = SystemRandomNumberGenerator()

    /// What is known to `poll` by which number.
    private enum Number {
        static let listener: UInt64 = 0
        static let signals: UInt64 = 1
        static let firstOfOthers: UInt64 = 2
    }

    /// Takes up the leases that are kept.
    init(_ options: DaemonOptions, listeningAt listener: consuming FileDescriptor) throws(SystemError) {
        let directory = try LeaseDirectory(options.hostPrefix + options.stateDirectory)
        let poll = try EventPoll()
        let signals = try Interruption.descriptor()
        try poll.add(listener, as: Number.listener)
        try poll.add(signals, as: Number.signals)
        for file in try directory.files(report: StandardStreams.log) {
            tenancies[file.attachment] = Tenancy(file, options.patience)
        }
        self.options = options
        self.directory = directory
        self.poll = poll
        self.listener = listener
        self.signals = signals
        for tenancy in Array(tenancies.values) where !tenancy.interface.isPresent {
            report(tenancy, "the interface is gone, and the lease with it")
            forget(tenancy)
        }
    }

    /// Serves until a signal asks it to end.
    mutating func run() throws(SystemError) {
        StandardStreams.log("dhcp daemon: listening, \(tenancies.count) leases are kept from before")
        while true {
            advance()
            let deadline = tenancies.values.compactMap(\.client.deadline).min()
            let ready = try poll.wait(milliseconds: deadline.map { $0 - BootClock.milliseconds })
            for number in ready {
                switch number {
                case Number.listener: accept()
                case Number.signals: return end()
                default:
                    if let tenancy = listening[number] {
                        receive(tenancy)
                    } else if let connection = connections[number] {
                        serve(connection, number)
                    }
                }
            }
        }
    }

    /// A number for something new.
    mutating func takeNumber() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    // MARK: Plugins

    private mutating func accept() {
        do throws(SystemError) {
            while let descriptor = try listener.acceptConnection() {
                let number = takeNumber()
                try poll.add(descriptor, as: number)
                connections[number] = DaemonConnection(descriptor)
            }
        } catch {
            // Whoever waits would wake this loop again and again.
            StandardStreams.log("\(error)")
            isFull = true
            try? poll.change(listener, as: Number.listener, [])
        }
    }

    private mutating func serve(_ connection: DaemonConnection, _ number: UInt64) {
        do {
            guard try connection.receive() else { return close(number) }
            try serveCalls(of: connection, number)
        } catch {
            StandardStreams.log("plugin: \(error)")
            close(number)
        }
    }

    /// Serves the calls that are there, as far as they can be answered at once.
    private mutating func serveCalls(of connection: DaemonConnection, _ number: UInt64) throws {
        while let (request, arguments) = try connection.nextCall() {
            serve(Tenancy.Caller(connection: number, request: request), arguments)
        }
        try connection.flush()
        if connection.output.isEmpty && connection.isOver { return close(number) }
        try poll.change(
            connection.descriptor, as: number, connection.output.isEmpty ? .reading : [.reading, .writing])
    }

    private mutating func serve(_ caller: Tenancy.Caller, _ arguments: DaemonArguments) {
        do {
            switch DaemonMethod(rawValue: caller.request.method) {
            case .allocate: try allocate(arguments, for: caller)
            case .release: try release(arguments, for: caller)
            case .inspect: try inspect(arguments, for: caller)
            case .collectGarbage: try collectGarbage(arguments, for: caller)
            case nil: connections[caller.connection]?.answer(.unknownMethod(caller.request))
            }
        } catch {
            refuse(caller, "\(error)")
        }
    }

    func answer(_ caller: Tenancy.Caller, _ result: CNIResult? = nil) {
        let connection = connections[caller.connection]
        if let result {
            connection?.answer(caller.request, result.gobValue, as: CNIResult.gobType)
        } else {
            connection?.answer(caller.request, .structure([:]), as: .nothing)
        }
    }

    func refuse(_ caller: Tenancy.Caller, _ reason: String) {
        connections[caller.connection]?.answer(RPCResponse(to: caller.request, error: reason))
    }

    /// Sends what callers were answered who had to wait.
    mutating func finish(_ callers: [Tenancy.Caller]) {
        for caller in callers {
            guard let connection = connections[caller.connection] else { continue }
            do {
                try serveCalls(of: connection, caller.connection)
            } catch {
                close(caller.connection)
            }
        }
    }

    /// Lets a plugin go, and what it alone waited for.
    private mutating func close(_ number: UInt64) {
        connections[number] = nil
        makeRoom()
        for tenancy in listening.values where tenancy.waiting.contains(where: { $0.connection == number }) {
            tenancy.waiting.removeAll { $0.connection == number }
            if tenancy.waiting.isEmpty && tenancy.client.lease == nil {
                report(tenancy, "nobody waits for a lease any more")
                forget(tenancy)
            }
        }
    }

    /// Takes connections again once there is room for one.
    mutating func makeRoom() {
        guard isFull else { return }
        isFull = false
        try? poll.change(listener, as: Number.listener, .reading)
    }

    /// Leaves leases as they are: their containers go on, and so does the next daemon.
    private mutating func end() {
        for tenancy in tenancies.values {
            for caller in tenancy.waiting { refuse(caller, "the daemon ends") }
            finish(tenancy.waiting)
        }
    }
}
