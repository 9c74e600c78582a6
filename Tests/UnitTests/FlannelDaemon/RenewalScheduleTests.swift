import Testing

@testable import FlannelDaemon

struct RenewalScheduleTests {
    @Test func isDueBeforeTheMarginAndByChanceALittleEarlier() {
        let day = Duration.seconds(86400)
        let hour = Duration.seconds(3600)
        #expect(RenewalSchedule.wait(left: day, margin: hour, chance: 0) == .seconds(82800))
        #expect(RenewalSchedule.wait(left: day, margin: hour, chance: 1) == .seconds(82440))
    }

    @Test func aShortLeaseIsRenewedAfterHalfItsTime() {
        #expect(RenewalSchedule.wait(left: .seconds(60), margin: .seconds(3600), chance: 0) == .seconds(30))
        #expect(RenewalSchedule.wait(left: .zero, margin: .seconds(3600), chance: 1) == .zero)
        #expect(RenewalSchedule.wait(left: .seconds(-5), margin: .seconds(3600), chance: 1) == .zero)
    }

    @Test func backsOffAndBeginsAgain() {
        var backoff = Backoff(from: .seconds(1), to: .seconds(5))
        for longest in [1, 2, 4, 5, 5] {
            let wait = backoff.advance()
            #expect(wait <= .seconds(longest) && wait >= .seconds(longest) / 2)
        }
        backoff.reset()
        #expect(backoff.advance() <= .seconds(1))
    }
}
