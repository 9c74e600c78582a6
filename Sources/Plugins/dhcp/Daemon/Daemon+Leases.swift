import Addressing
import Attachments
import CNI
import DHCP
import LinuxSystem

/// What clocks and packets bring, and what becomes of it.
extension Daemon {
    /// Does what is due.
    mutating func advance() {
        let now = BootClock.milliseconds
        for tenancy in Array(tenancies.values) where tenancy.client.deadline.map({ $0 <= now }) ?? false {
            advance(tenancy)
        }
    }

    mutating func advance(_ tenancy: Tenancy) {
        perform(tenancy.client.advance(to: BootClock.milliseconds, using: &random), for: tenancy)
    }

    /// Takes what has come for a lease.
    mutating func receive(_ tenancy: Tenancy) {
        do throws(SystemError) {
            while let port = tenancy.port, let (message, sender) = try port.receive() {
                let steps = tenancy.client.receive(
                    message, from: sender, at: BootClock.milliseconds, using: &random)
                perform(steps, for: tenancy)
            }
        } catch {
            // It is down for a moment, or gone, which sending finds out.
            tenancy.sendFailure = error
        }
    }

    private mutating func perform(_ steps: [DHCPClient.Step], for tenancy: Tenancy) {
        for step in steps {
            switch step {
            case .send(let message, let destination): send(message, to: destination, for: tenancy)
            case .leased(let lease): keep(lease, tenancy)
            case .ended(let ending): end(tenancy, ending)
            }
        }
        if !tenancy.client.isListening { close(tenancy) }
    }

    private mutating func send(
        _ message: DHCPMessage, to destination: DHCPClient.Destination, for tenancy: Tenancy
    ) {
        do throws(SystemError) {
            try open(tenancy)
            try tenancy.port?.send(message, to: destination)
            tenancy.sendFailure = nil
        } catch {
            tenancy.sendFailure = error
            if tenancy.client.lease != nil { report(tenancy, "\(error)") }
            if tenancy.port == nil && !tenancy.interface.isPresent { forget(tenancy) }
        }
    }

    private mutating func keep(_ lease: DHCPLease, _ tenancy: Tenancy) {
        let callers = tenancy.waiting
        tenancy.waiting = []
        do throws(SystemError) {
            if !callers.isEmpty, tenancy.takesMTU, let mtu = lease.mtu { try tenancy.interface.limitMTU(to: mtu) }
            if let file = tenancy.file { try directory.keep(file) }
        } catch {
            // The lease is good, and a daemon that starts again has one less to go on with.
            report(tenancy, "\(error)")
        }
        guard !callers.isEmpty else { return }
        report(tenancy, "\(lease.address) is leased by \(lease.server)")
        for caller in callers { answer(caller, CNIResult(lease, priority: tenancy.priority)) }
        finish(callers)
    }

    /// Tells those who wait that there is no lease; an interface that had one must not use it any more.
    private mutating func end(_ tenancy: Tenancy, _ ending: DHCPClient.Ending) {
        let reason = ending.text(tenancy.interface.name, after: tenancy.sendFailure)
        report(tenancy, reason)
        let callers = tenancy.waiting
        tenancy.waiting = []
        guard callers.isEmpty else {
            forget(tenancy)
            for caller in callers { refuse(caller, reason) }
            return finish(callers)
        }
        // Kept, so that CHECK can tell.
        tenancy.ending = ending
        do throws(SystemError) {
            try directory.forget(tenancy.attachment)
            try tenancy.interface.takeDown()
        } catch {
            report(tenancy, "\(error)")
            if !tenancy.interface.isPresent { forget(tenancy) }
        }
    }

    /// Tells the server that an address is free again, as far as it can still be told, and forgets the lease.
    mutating func release(_ tenancy: Tenancy) {
        if let lease = tenancy.client.lease {
            let message = tenancy.client.identity.release(
                lease.acknowledgement.yourAddress, to: lease.server, transaction: random.next())
            do throws(SystemError) {
                try open(tenancy)
                // Nobody acknowledges it: by the way that the lease came, and by another should that be gone.
                for hardwareAddress in [lease.serverHardwareAddress, .broadcast] {
                    try tenancy.port?.send(message, to: .server(lease.server, hardwareAddress))
                }
                report(tenancy, "\(lease.address) is released")
            } catch {
                report(tenancy, "\(lease.address) is free for others when its lease ends: \(error)")
            }
        }
        let callers = tenancy.waiting
        forget(tenancy)
        for caller in callers { refuse(caller, "DEL came before there was a lease") }
        finish(callers)
    }

    /// Lets go of a lease without a word to its server.
    mutating func forget(_ tenancy: Tenancy) {
        close(tenancy)
        tenancies[tenancy.attachment] = nil
        do throws(SystemError) {
            try directory.forget(tenancy.attachment)
        } catch {
            report(tenancy, "\(error)")
        }
    }

    /// Opens the port of a lease, unless it is open.
    mutating func open(_ tenancy: Tenancy) throws(SystemError) {
        guard tenancy.port == nil else { return }
        let port = try tenancy.interface.openPort()
        let number = takeNumber()
        try poll.add(port.descriptor, as: number)
        tenancy.port = port
        listening[number] = tenancy
    }

    private mutating func close(_ tenancy: Tenancy) {
        guard tenancy.port != nil else { return }
        tenancy.port = nil
        for (number, other) in listening where other === tenancy { listening[number] = nil }
        makeRoom()
    }

    func report(_ tenancy: Tenancy, _ text: String) {
        let attachment = tenancy.attachment
        StandardStreams.log("\(attachment.containerID)/\(attachment.network)/\(attachment.interfaceName): \(text)")
    }
}
