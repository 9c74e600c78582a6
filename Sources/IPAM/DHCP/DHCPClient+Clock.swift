import Addressing

/// What the clock brings.
extension DHCPClient {
    /// Does what is due.
    package mutating func advance(to now: Int, using random: inout some RandomNumberGenerator) -> [Step] {
        switch state {
        case .discovering(let questioning, let acquisition):
            if let ending = ending(of: acquisition, at: now) { return [ending] }
            guard now >= questioning.next else { return [] }
            return discover(questioning, acquisition, at: now, using: &random)
        case .requesting(let questioning, let acquisition, let offer):
            if let ending = ending(of: acquisition, at: now) { return [ending] }
            guard now < offer.requested + patience.answer else {
                return discover(Questioning(random.next(), at: now), acquisition, at: now, using: &random)
            }
            guard now >= questioning.next else { return [] }
            return request(offer, questioning, acquisition, at: now, using: &random)
        case .bound(let lease):
            guard let times = lease.times, now >= times.renewal else { return [] }
            state = .renewing(Questioning(random.next(), at: now), lease, times)
            return advance(to: now, using: &random)
        case .renewing(let questioning, let lease, let times):
            guard now < times.rebinding else {
                state = .rebinding(Questioning(random.next(), at: now), lease, times)
                return advance(to: now, using: &random)
            }
            let next = paused(questioning, from: times.renewal, to: times.rebinding, at: now)
            state = .renewing(next, lease, times)
            guard now >= questioning.next else { return [] }
            let isFirst = questioning.next == questioning.start
            let hardwareAddress = isFirst ? lease.serverHardwareAddress : .broadcast
            return extend(lease, next, at: now, asking: .server(lease.server, hardwareAddress))
        case .rebinding(let questioning, let lease, let times):
            guard now < times.reclaiming else {
                state = .reclaiming(Questioning(random.next(), at: now), lease, times, nil)
                return advance(to: now, using: &random)
            }
            let next = paused(questioning, from: times.rebinding, to: times.reclaiming, at: now)
            state = .rebinding(next, lease, times)
            guard now >= questioning.next else { return [] }
            return extend(lease, next, at: now, asking: .everyone)
        case .reclaiming(let questioning, let lease, let times, let offer):
            guard now < times.expiry else { return end(.expired) }
            let next = paused(questioning, from: times.reclaiming, to: times.expiry, at: now)
            state = .reclaiming(next, lease, times, offer)
            guard now >= questioning.next else { return [] }
            return [.send(discovery(next, wanting: lease.acknowledgement.yourAddress, at: now), to: .everyone)]
        case .ended:
            return []
        }
    }

    mutating func end(_ ending: Ending) -> [Step] {
        state = .ended
        return [.ended(ending)]
    }

    private mutating func ending(of acquisition: Acquisition, at now: Int) -> Step? {
        guard now >= acquisition.start + patience.total else { return nil }
        state = .ended
        return .ended(acquisition.refusal.map { .refused($0) } ?? .unanswered(seconds: patience.total / 1000))
    }

    private mutating func discover(
        _ questioning: Questioning, _ acquisition: Acquisition, at now: Int,
        using random: inout some RandomNumberGenerator
    ) -> [Step] {
        state = .discovering(paused(questioning, at: now, using: &random), acquisition)
        let start = Questioning(questioning.transaction, at: acquisition.start)
        return [.send(discovery(start, wanting: acquisition.wanted, at: now), to: .everyone)]
    }

    private func discovery(_ questioning: Questioning, wanting wanted: IPv4Address?, at now: Int) -> DHCPMessage {
        var message = identity.question(.discover, questioning.transaction)
        message.seconds = Self.seconds(from: questioning.start, to: now)
        if let wanted { message.options[DHCPOption.requestedAddress] = wanted.bytes }
        return message
    }

    mutating func request(
        _ offer: Offer, _ questioning: Questioning, _ acquisition: Acquisition, at now: Int,
        using random: inout some RandomNumberGenerator
    ) -> [Step] {
        state = .requesting(paused(questioning, at: now, using: &random), acquisition, offer)
        return [request(offer, questioning.transaction, since: acquisition.start, at: now)]
    }

    func request(_ offer: Offer, _ transaction: UInt32, since start: Int, at now: Int) -> Step {
        var message = identity.question(.request, transaction)
        message.seconds = Self.seconds(from: start, to: now)
        message.options[DHCPOption.requestedAddress] = offer.address.bytes
        message.options[DHCPOption.server] = offer.server.bytes
        return .send(message, to: .everyone)
    }

    /// The same question, to be asked again after twice the pause of the last time, give or take a quarter.
    func paused(
        _ questioning: Questioning, at now: Int, using random: inout some RandomNumberGenerator
    ) -> Questioning {
        var next = questioning
        let pause = max(1, min(questioning.pause, patience.pause))
        next.next = now + pause + Int.random(in: -pause / 4...pause / 4, using: &random)
        next.pause = min(pause * 2, patience.pause)
        return next
    }

    /// The same question as far as the clock has come, to be asked again if it is due now: RFC 2131, section 4.4.5.
    ///
    /// What is left of a stage is halved from one question to the next, down to a minute, or to less where the stage
    /// itself is short.
    private func paused(_ questioning: Questioning, from start: Int, to end: Int, at now: Int) -> Questioning {
        var next = questioning
        if let until = questioning.listensUntil, now >= until { next.listensUntil = nil }
        guard now >= questioning.next else { return next }
        let least = min(60_000, max(1000, (end - start) / 8))
        next.next = now + max((end - now) / 2, least)
        next.listensUntil = min(now + patience.answer, next.next)
        return next
    }

    /// Asks for more time.
    private func extend(
        _ lease: DHCPLease, _ questioning: Questioning, at now: Int, asking destination: Destination
    ) -> [Step] {
        var message = identity.question(.request, questioning.transaction)
        message.seconds = Self.seconds(from: questioning.start, to: now)
        message.clientAddress = lease.acknowledgement.yourAddress
        return [.send(message, to: destination)]
    }

    private static func seconds(from start: Int, to now: Int) -> UInt16 { UInt16(clamping: (now - start) / 1000) }
}
