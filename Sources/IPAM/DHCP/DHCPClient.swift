package import Addressing

/// A client, RFC 2131 section 4.4: a value that packets and a clock move, and that does nothing itself.
///
/// Times are milliseconds of one clock that its user chooses.
package struct DHCPClient: Sendable {
    package let identity: DHCPIdentity
    let patience: Patience
    var state: State

    /// How long it waits.
    package struct Patience: Hashable, Sendable {
        /// Milliseconds that an answer is waited for before everything begins anew.
        package var answer = 10_000
        /// The longest pause between two questions, in milliseconds.
        package var pause = 62_000
        /// Milliseconds after which there will be no lease.
        package var total = 208_000

        package init() {}
    }

    enum State {
        case discovering(Questioning, Acquisition)
        case requesting(Questioning, Acquisition, Offer)
        case bound(DHCPLease)
        /// Asks the server that gave the lease.
        case renewing(Questioning, DHCPLease, DHCPLease.Times)
        /// Asks any server.
        case rebinding(Questioning, DHCPLease, DHCPLease.Times)
        /// Asks any server as for a new lease, of the same address: servers that have forgotten a lease do not extend it.
        case reclaiming(Questioning, DHCPLease, DHCPLease.Times, Offer?)
        case ended
    }

    /// A question that is asked again and again, and has one number.
    struct Questioning {
        let transaction: UInt32
        let start: Int
        /// When it is asked next.
        var next: Int
        /// When answers are no longer listened for until it is asked again.
        var listensUntil: Int?
        /// Until it is asked once more, where that doubles.
        var pause = DHCPClient.firstPause

        init(_ transaction: UInt32, at start: Int) {
            self.transaction = transaction
            self.start = start
            next = start
        }
    }

    struct Acquisition {
        let start: Int
        let wanted: IPv4Address?
        /// What a server said that refused.
        var refusal: String?
        /// How long it is waited after the next refusal, as a server that refuses what it offers would be asked without
        /// end.
        var refusalPause = 5 * DHCPClient.firstPause
    }

    struct Offer {
        let address: IPv4Address
        let server: IPv4Address
        /// When it was asked for first.
        let requested: Int
    }

    /// Milliseconds: a bridge may let nothing pass a moment after an interface came up, and servers are near.
    static let firstPause = 200

    /// What its user has to do, in this order.
    package enum Step: Hashable, Sendable {
        case send(DHCPMessage, to: Destination)
        /// There is a lease, or it was extended.
        case leased(DHCPLease)
        /// The client has ended, and there is no lease, or no longer.
        case ended(Ending)
    }

    package enum Destination: Hashable, Sendable {
        case everyone
        /// A server, and whom the frame is for: whoever sent the server's last, or everyone, for that may have changed.
        case server(IPv4Address, MACAddress)
    }

    package enum Ending: Hashable, Sendable {
        /// No server offered an address, or none that offered one answered again.
        case unanswered(seconds: Int)
        /// A server refused the address, with its words.
        case refused(String)
        /// What a server gave cannot be used.
        case unusable(String)
        /// The lease was not extended in time.
        case expired
    }

    /// Begins to ask for a lease; `advance` sends the first message.
    ///
    /// - Parameters:
    ///   - identity: who asks.
    ///   - patience: how long it waits.
    ///   - wanted: an address that it had before.
    ///   - now: the time.
    ///   - random: where numbers come from.
    package init(
        _ identity: DHCPIdentity, _ patience: Patience, wanting wanted: IPv4Address? = nil, at now: Int,
        using random: inout some RandomNumberGenerator
    ) {
        self.identity = identity
        self.patience = patience
        state = .discovering(Questioning(random.next(), at: now), Acquisition(start: now, wanted: wanted))
    }

    /// Goes on with a lease that there is.
    package init(_ identity: DHCPIdentity, _ patience: Patience, holding lease: DHCPLease) {
        self.identity = identity
        self.patience = patience
        state = .bound(lease)
    }

    /// The lease; nil before there is one, and when it has ended.
    package var lease: DHCPLease? {
        switch state {
        case .bound(let lease), .renewing(_, let lease, _), .rebinding(_, let lease, _),
            .reclaiming(_, let lease, _, _):
            lease
        case .discovering, .requesting, .ended: nil
        }
    }

    /// Whether answers may come, for which somebody has to listen.
    package var isListening: Bool {
        switch state {
        case .discovering, .requesting: true
        case .renewing(let questioning, _, _), .rebinding(let questioning, _, _), .reclaiming(let questioning, _, _, _):
            questioning.listensUntil != nil
        case .bound, .ended: false
        }
    }

    /// When `advance` has to be called next; nil for never.
    package var deadline: Int? {
        switch state {
        case .discovering(let questioning, let acquisition):
            min(questioning.next, acquisition.start + patience.total)
        case .requesting(let questioning, let acquisition, let offer):
            min(questioning.next, offer.requested + patience.answer, acquisition.start + patience.total)
        case .bound(let lease): lease.times?.renewal
        case .renewing(let questioning, _, let times):
            min(questioning.next, questioning.listensUntil ?? .max, times.rebinding)
        case .rebinding(let questioning, _, let times):
            min(questioning.next, questioning.listensUntil ?? .max, times.reclaiming)
        case .reclaiming(let questioning, _, let times, _):
            min(questioning.next, questioning.listensUntil ?? .max, times.expiry)
        case .ended: nil
        }
    }
}
