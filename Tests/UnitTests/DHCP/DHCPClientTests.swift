import Addressing
import DHCP
import TestSupport
import Testing

/// The client, moved by messages and times that the tests make up.
struct DHCPClientTests {
    private var random = SeededGenerator(seed: 1)
    private var client: DHCPClient

    init() {
        client = DHCPClient(Fixture.identity, DHCPClient.Patience(), at: 0, using: &random)
    }

    private mutating func advance(to now: Int) -> [DHCPClient.Step] { client.advance(to: now, using: &random) }

    private mutating func receive(
        _ message: DHCPMessage, at now: Int, from sender: MACAddress = Fixture.serverMAC
    ) -> [DHCPClient.Step] {
        client.receive(message, from: sender, at: now, using: &random)
    }

    /// Gets a lease of 100 seconds at the time 0: renewal at 50, rebinding at 87.5.
    @discardableResult
    private mutating func bind() throws -> DHCPMessage {
        let discover = try #require(advance(to: 0).sent.first)
        let request = try #require(receive(Fixture.answer(.offer, to: discover), at: 0).sent.first)
        #expect(receive(Fixture.answer(.acknowledgement, to: request), at: 10).leases.count == 1)
        return request
    }

    @Test mutating func asksTakesTheFirstOfferAndHoldsTheLease() throws {
        let discover = try #require(advance(to: 0).sent.first)
        #expect(discover.kind == .discover && discover.clientAddress == .unspecified && !discover.wantsBroadcast)
        #expect(discover.options.numbers == [53, 55, 57, 61])
        #expect(client.isListening)

        let steps = receive(Fixture.answer(.offer, to: discover), at: 20)
        let request = try #require(steps.sent.first)
        #expect(steps == [.send(request, to: .everyone)])
        #expect(request.kind == .request && request.transaction == discover.transaction)
        #expect(request.options.address(DHCPOption.requestedAddress) == Fixture.leased)
        #expect(request.server == Fixture.server && request.clientAddress == .unspecified)

        let lease = try #require(receive(Fixture.answer(.acknowledgement, to: request), at: 30).leases.first)
        #expect(lease.address.description == "10.9.0.52/24" && lease.start == 20)
        #expect(client.lease == lease && !client.isListening)
        #expect(client.deadline == 50_020)
    }

    @Test mutating func asksAgainAfterPausesThatGrow() {
        var times: [Int] = []
        while let deadline = client.deadline, deadline < 200_000 {
            times += advance(to: deadline).sent.map { _ in deadline }
        }
        let pauses = zip(times, times.dropFirst()).map { $1 - $0 }
        for (pause, expected) in zip(pauses, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 62_000]) {
            #expect(expected * 3 / 4...expected * 5 / 4 ~= pause)
        }
    }

    @Test mutating func saysSoWhenNobodyAnswersInTime() {
        var steps: [DHCPClient.Step] = []
        while let deadline = client.deadline { steps = advance(to: deadline) }
        #expect(steps == [.ended(.unanswered(seconds: 208))])
        #expect(!client.isListening)
    }

    @Test mutating func beginsAnewWhenAServerThatOfferedFallsSilent() throws {
        let discover = try #require(advance(to: 0).sent.first)
        _ = receive(Fixture.answer(.offer, to: discover), at: 0)
        var sent: [DHCPMessage] = []
        while let deadline = client.deadline, deadline <= 10_000 { sent += advance(to: deadline).sent }
        #expect(sent.dropLast().allSatisfy { $0.kind == .request } && sent.count > 3)
        #expect(sent.last?.kind == .discover && sent.last?.transaction != discover.transaction)
    }

    @Test mutating func asksAgainAfterARefusalAndTellsOfTheLast() throws {
        var refusals = 0
        var ending: DHCPClient.Step?
        while let deadline = client.deadline {
            for step in advance(to: deadline) {
                guard case .send(let message, _) = step, message.kind == .discover else {
                    ending = step
                    continue
                }
                let request = try #require(receive(Fixture.answer(.offer, to: message), at: deadline).sent.first)
                let words = Array("no\u{1b}[31m lease".utf8)
                #expect(receive(Fixture.answer(.refusal, to: request, options: [56: words]), at: deadline).isEmpty)
                refusals += 1
            }
        }
        #expect(8...14 ~= refusals)
        #expect(ending == .ended(.refused("10.9.0.1 refused 10.9.0.52: no[31m lease")))
    }

    @Test mutating func givesBackWhatItCannotUse() throws {
        let discover = try #require(advance(to: 0).sent.first)
        let request = try #require(receive(Fixture.answer(.offer, to: discover), at: 0).sent.first)
        let steps = receive(Fixture.answer(.acknowledgement, to: request, options: [:]), at: 1)
        let release = try #require(steps.sent.first)
        #expect(
            steps == [
                .send(release, to: .server(Fixture.server, Fixture.serverMAC)),
                .ended(.unusable("no subnet mask (option 1)")),
            ])
        #expect(release.kind == .release && release.clientAddress == Fixture.leased)
        #expect(release.options.numbers == [53, 54, 61])
    }

    @Test mutating func passesOverWhatIsNotMeantForIt() throws {
        let discover = try #require(advance(to: 0).sent.first)
        var others = [
            Fixture.answer(.offer, to: discover, Fixture.address("0.0.0.0")), Fixture.answer(.refusal, to: discover),
            Fixture.answer(.acknowledgement, to: discover), Fixture.answer(.discover, to: discover),
        ]
        func changed(_ change: (inout DHCPMessage) -> Void) {
            var message = Fixture.answer(.offer, to: discover)
            change(&message)
            others.append(message)
        }
        changed { $0.isReply = false }
        changed { $0.transaction &+= 1 }
        changed { $0.hardwareAddress = Fixture.serverMAC }
        changed { $0.options[DHCPOption.server] = nil }
        changed { $0.options[DHCPOption.messageType] = nil }
        changed { $0.options[DHCPOption.messageType] = [99] }
        for other in others { #expect(receive(other, at: 1).isEmpty) }

        let request = try #require(receive(Fixture.answer(.offer, to: discover), at: 1).sent.first)
        let stranger = Fixture.address("10.9.0.66")
        #expect(receive(Fixture.answer(.acknowledgement, to: request, from: stranger), at: 2).isEmpty)
        #expect(receive(Fixture.answer(.refusal, to: request, from: stranger), at: 2).isEmpty)
        #expect(receive(Fixture.answer(.acknowledgement, to: request, stranger), at: 2).isEmpty)
        #expect(receive(Fixture.answer(.offer, to: discover), at: 2).isEmpty)
        #expect(client.lease == nil)
    }

    @Test mutating func asksItsServerForMoreTime() throws {
        let former = try bind()
        #expect(advance(to: 49_999).isEmpty)
        let steps = advance(to: 50_000)
        let renewal = try #require(steps.sent.first)
        #expect(steps == [.send(renewal, to: .server(Fixture.server, Fixture.serverMAC))])
        #expect(renewal.kind == .request && renewal.clientAddress == Fixture.leased)
        #expect(renewal.server == nil && renewal.options[DHCPOption.requestedAddress] == nil)
        #expect(renewal.transaction != former.transaction && client.isListening)

        let lease = try #require(receive(Fixture.answer(.acknowledgement, to: renewal), at: 50_010).leases.first)
        #expect(lease.start == 50_000 && client.deadline == 100_000 && !client.isListening)
    }

    @Test mutating func listensOnlyWhileAnAnswerMayCome() throws {
        try bind()
        _ = advance(to: 50_000)
        #expect(client.isListening && client.deadline == 60_000)
        #expect(advance(to: 60_000).isEmpty && !client.isListening)
        #expect(client.lease != nil)
    }

    @Test mutating func asksEveryoneWhenItsServerIsSilent() throws {
        try bind()
        var sent: [(time: Int, destination: DHCPClient.Destination)] = []
        while let deadline = client.deadline, deadline < 93_000 {
            for case .send(_, let destination) in advance(to: deadline) { sent.append((deadline, destination)) }
        }
        #expect(sent.first?.destination == .server(Fixture.server, Fixture.serverMAC))
        // Its address on the link may be another by now.
        let others = sent.dropFirst().prefix { $0.time < 87_500 }
        #expect(!others.isEmpty && others.allSatisfy { $0.destination == .server(Fixture.server, .broadcast) })
        #expect(sent.first { $0.time >= 87_500 }?.destination == .everyone)
        #expect(4...12 ~= sent.count)
    }

    @Test mutating func takesMoreTimeFromAnyServerWhenItsOwnIsSilent() throws {
        try bind()
        _ = advance(to: 50_000)
        let question = try #require(advance(to: 87_500).sent.first)
        let other = Fixture.address("10.9.0.2")
        let mac = MACAddress(locallyAdministeredFrom: 9)
        let answer = Fixture.answer(.acknowledgement, to: question, from: other)
        let lease = try #require(receive(answer, at: 87_600, from: mac).leases.first)
        #expect(lease.server == other && lease.serverHardwareAddress == mac)
    }

    /// A server that has lost its memory knows nothing of the lease, and has the address to give.
    @Test mutating func asksAsForANewLeaseBeforeTheOldOneEnds() throws {
        try bind()
        var discover: DHCPMessage?
        while discover == nil, let deadline = client.deadline {
            discover = advance(to: deadline).sent.first { $0.kind == .discover }
        }
        let question = try #require(discover)
        #expect(client.lease != nil && client.isListening)
        #expect(question.options.address(DHCPOption.requestedAddress) == Fixture.leased)

        let other = Fixture.address("10.9.0.99")
        #expect(receive(Fixture.answer(.offer, to: question, other), at: 94_000).isEmpty)
        let request = try #require(receive(Fixture.answer(.offer, to: question), at: 94_000).sent.first)
        #expect(request.kind == .request && request.clientAddress == .unspecified)
        #expect(receive(Fixture.answer(.acknowledgement, to: request, other), at: 94_001).isEmpty)
        let lease = try #require(receive(Fixture.answer(.acknowledgement, to: request), at: 94_001).leases.first)
        #expect(lease.start == 94_000 && client.deadline == 144_000)
    }

    @Test mutating func endsWithTheLease() throws {
        try bind()
        var steps: [DHCPClient.Step] = []
        var last = 0
        while let deadline = client.deadline {
            last = deadline
            steps = advance(to: deadline)
        }
        #expect(last == 100_000 && steps == [.ended(.expired)] && client.lease == nil)
    }

    @Test mutating func endsWhenItsServerRefuses() throws {
        try bind()
        let question = try #require(advance(to: 50_000).sent.first)
        let stranger = Fixture.address("10.9.0.66")
        #expect(receive(Fixture.answer(.refusal, to: question, from: stranger), at: 50_001).isEmpty)
        #expect(
            receive(Fixture.answer(.refusal, to: question, options: [:]), at: 50_002)
                == [.ended(.refused("10.9.0.1 refused 10.9.0.52"))])
    }

    @Test mutating func takesNoOtherAddressInsteadOfItsOwn() throws {
        try bind()
        let question = try #require(advance(to: 50_000).sent.first)
        let other = Fixture.answer(.acknowledgement, to: question, Fixture.address("10.9.0.99"))
        #expect(receive(other, at: 50_001).isEmpty && client.lease?.address.description == "10.9.0.52/24")
    }

    @Test mutating func goesOnWithALeaseWhereverItsTimeHasCome() throws {
        try bind()
        let lease = try #require(client.lease)
        for (now, kind) in [
            (10_000, nil), (60_000, "server"), (90_000, "everyone"), (95_000, "everyone"), (100_000, "ended"),
        ] {
            var resumed = DHCPClient(Fixture.identity, DHCPClient.Patience(), holding: lease)
            let steps = resumed.advance(to: now, using: &random)
            switch steps.first {
            case nil: #expect(kind == nil)
            case .send(_, .server): #expect(kind == "server")
            case .send(_, .everyone): #expect(kind == "everyone")
            case .ended: #expect(kind == "ended")
            case .leased: Issue.record("a lease out of nothing")
            }
        }
    }

    @Test mutating func neverEndsALeaseWithoutEnd() throws {
        let discover = try #require(advance(to: 0).sent.first)
        let request = try #require(receive(Fixture.answer(.offer, to: discover), at: 0).sent.first)
        let options: [UInt8: [UInt8]] = [1: [255, 0, 0, 0], 51: [255, 255, 255, 255]]
        _ = receive(Fixture.answer(.acknowledgement, to: request, options: options), at: 1)
        #expect(client.deadline == nil && advance(to: .max / 2).isEmpty && client.lease != nil)
    }

    @Test mutating func asksForTheAddressThatItHadAndForBroadcasts() throws {
        let identity = DHCPIdentity(
            hardwareAddress: Fixture.mac, provided: DHCPOptions(), requested: [], wantsBroadcast: true)
        client = DHCPClient(identity, DHCPClient.Patience(), wanting: Fixture.leased, at: 0, using: &random)
        let discover = try #require(advance(to: 0).sent.first)
        #expect(discover.wantsBroadcast && discover.options.address(DHCPOption.requestedAddress) == Fixture.leased)
        #expect(discover.options[DHCPOption.requestedOptions] == nil)
    }

    @Test mutating func nothingThatComesMakesItTrap() throws {
        let kinds: [DHCPMessage.Kind] = [.offer, .acknowledgement, .refusal]
        var now = 0
        var last = DHCPMessage(.discover, isReply: false, transaction: 0, hardwareAddress: Fixture.mac)
        for _ in 0..<20_000 {
            now += Int.random(in: 0...20_000, using: &random)
            if client.deadline == nil { client = DHCPClient(Fixture.identity, .init(), at: now, using: &random) }
            last = advance(to: now).sent.last ?? last
            let kind = kinds[Int.random(in: 0..<3, using: &random)]
            var options: [UInt8: [UInt8]] = [1: [255, 255, 255, 0]]
            for number in [1, 3, 51, 56, 58, 59, 121] as [UInt8] where Bool.random(using: &random) {
                let count = Int.random(in: 0...5, using: &random)
                options[number] = (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
            }
            let other = IPv4Address(rawValue: UInt32.random(in: 0 ... .max, using: &random))
            let address = Bool.random(using: &random) ? Fixture.leased : other
            last = receive(Fixture.answer(kind, to: last, address, options: options), at: now).sent.last ?? last
            _ = client.lease.map { ($0.routes, $0.times) }
        }
    }
}

extension [DHCPClient.Step] {
    fileprivate var sent: [DHCPMessage] {
        compactMap { step in
            guard case .send(let message, _) = step else { return nil }
            return message
        }
    }

    fileprivate var leases: [DHCPLease] {
        compactMap { step in
            guard case .leased(let lease) = step else { return nil }
            return lease
        }
    }
}
