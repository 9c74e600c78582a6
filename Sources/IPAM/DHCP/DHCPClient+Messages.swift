package import Addressing

/// What packets bring.
extension DHCPClient {
    /// Takes a message that came by the client's interface, be it meant for it or not.
    ///
    /// - Parameters:
    ///   - message: what came.
    ///   - sender: who sent its frame.
    ///   - now: the time.
    ///   - random: where new numbers come from.
    /// - Returns: what has to be done; nothing for what is not an answer to the question that is asked.
    package mutating func receive(
        _ message: DHCPMessage, from sender: MACAddress, at now: Int,
        using random: inout some RandomNumberGenerator
    ) -> [Step] {
        guard message.isReply, message.hardwareAddress == identity.hardwareAddress, let kind = message.kind else {
            return []
        }
        switch (state, kind) {
        case (.discovering(let questioning, let acquisition), .offer)
        where message.transaction == questioning.transaction:
            guard let server = message.server, message.yourAddress.isUsableByHost else { return [] }
            var asking = questioning
            asking.pause = Self.firstPause
            let offer = Offer(address: message.yourAddress, server: server, requested: now)
            return request(offer, asking, acquisition, at: now, using: &random)
        case (.requesting(let questioning, _, let offer), .acknowledgement)
        where message.transaction == questioning.transaction && message.server == offer.server
            && message.yourAddress == offer.address:
            return take(message, of: offer, from: sender, using: &random)
        case (.requesting(let questioning, var acquisition, let offer), .refusal)
        where message.transaction == questioning.transaction && message.server == offer.server:
            acquisition.refusal = Self.words(of: message, offer.address)
            var anew = Questioning(random.next(), at: now)
            anew.pause = acquisition.refusalPause
            acquisition.refusalPause = min(2 * acquisition.refusalPause, patience.pause)
            state = .discovering(paused(anew, at: now, using: &random), acquisition)
            return []
        case (.renewing(let questioning, let lease, _), _) where message.transaction == questioning.transaction,
            (.rebinding(let questioning, let lease, _), _) where message.transaction == questioning.transaction:
            return receive(message, kind, from: sender, extending: lease, askedAt: questioning, at: now)
        case (.reclaiming(let questioning, let lease, let times, let offer), _)
        where message.transaction == questioning.transaction
            && message.yourAddress == lease.acknowledgement.yourAddress:
            return reclaim(lease, message, kind, from: sender, questioning, times, offer, at: now)
        default:
            return []
        }
    }

    /// Takes an offer of the address that there is a lease of, and then the lease; offers of others lapse.
    private mutating func reclaim(
        _ lease: DHCPLease, _ message: DHCPMessage, _ kind: DHCPMessage.Kind, from sender: MACAddress,
        _ questioning: Questioning, _ times: DHCPLease.Times, _ offer: Offer?, at now: Int
    ) -> [Step] {
        guard let server = message.server else { return [] }
        switch kind {
        case .offer:
            let offer = Offer(address: message.yourAddress, server: server, requested: now)
            state = .reclaiming(questioning, lease, times, offer)
            return [request(offer, questioning.transaction, since: questioning.start, at: now)]
        case .acknowledgement where server == offer?.server:
            guard let renewed = try? DHCPLease(message, from: sender, at: offer?.requested ?? now) else { return [] }
            state = .bound(renewed)
            return [.leased(renewed)]
        default:
            return []
        }
    }

    /// Takes the acknowledgement of a new lease, which lasts from when it was asked for.
    private mutating func take(
        _ message: DHCPMessage, of offer: Offer, from sender: MACAddress,
        using random: inout some RandomNumberGenerator
    ) -> [Step] {
        do throws(DHCPLease.Incomplete) {
            let lease = try DHCPLease(message, from: sender, at: offer.requested)
            state = .bound(lease)
            return [.leased(lease)]
        } catch {
            let release = identity.release(offer.address, to: offer.server, transaction: random.next())
            return [.send(release, to: .server(offer.server, sender))] + end(.unusable(error.description))
        }
    }

    /// Takes what a server says of more time.
    private mutating func receive(
        _ message: DHCPMessage, _ kind: DHCPMessage.Kind, from sender: MACAddress, extending lease: DHCPLease,
        askedAt questioning: Questioning, at now: Int
    ) -> [Step] {
        switch kind {
        case .acknowledgement where message.yourAddress == lease.acknowledgement.yourAddress:
            // What is incomplete extends nothing; another server may do better.
            guard let extended = try? DHCPLease(message, from: sender, at: questioning.start) else { return [] }
            state = .bound(extended)
            return [.leased(extended)]
        case .refusal:
            if case .renewing = state, message.server != lease.server { return [] }
            return end(.refused(Self.words(of: message, lease.acknowledgement.yourAddress)))
        default:
            return []
        }
    }

    /// What a refusal says, as far as a person can read it.
    private static func words(of message: DHCPMessage, _ address: IPv4Address) -> String {
        let server = message.server.map { "\($0)" } ?? "a server"
        let said = (message.options.text(DHCPOption.message) ?? "").unicodeScalars
            .filter { $0.isASCII && $0.value >= 32 && $0.value != 127 }
        return "\(server) refused \(address)" + (said.isEmpty ? "" : ": \(String(String.UnicodeScalarView(said)))")
    }
}
