import Testing

@testable import FlannelDaemon

struct LeaseTableTests {
    private func record(_ name: String, _ value: String, at revision: Int64 = 1) -> LeaseTable.Record {
        LeaseTable.Record(name: name, value: Array(value.utf8), created: 1, modified: revision)
    }

    private func lease(_ number: Int, mac: String = "02:00:00:00:00:01", at revision: Int64 = 1) -> LeaseTable.Record {
        let data = #"{"VNI":1,"VtepMAC":"\#(mac)"}"#
        return record(
            "10.244.\(number).0-24",
            #"{"PublicIP":"192.168.1.\#(number)","PublicIPv6":null,"BackendType":"vxlan","BackendData":\#(data)}"#,
            at: revision)
    }

    private func texts(_ changes: [LeaseTable.Change]) -> [String] { changes.map { "\($0)" } }

    @Test func aGapIsHealedByComparingAttributesAndNotOnlyNames() {
        var table = LeaseTable()
        _ = table.replaceAll([lease(1), lease(2), lease(3)])
        let changes = table.replaceAll([lease(1), lease(2, mac: "02:00:00:00:00:02"), lease(4)])
        #expect(
            texts(changes) == [
                "host 192.168.1.3 has no lease of 10.244.3.0/24 any more",
                "host 192.168.1.2 has changed its lease of 10.244.2.0/24", "host 192.168.1.4 has 10.244.4.0/24",
            ])
    }

    @Test func theSameAgainIsNoNews() {
        var table = LeaseTable()
        _ = table.replaceAll([lease(1)])
        #expect(table.replaceAll([lease(1, at: 2)]) == [])
        #expect(table.take(lease(1, at: 3)) == nil)
    }

    @Test func whatCannotBeReadIsNamedOnceAndTakesNothingAway() {
        var table = LeaseTable()
        _ = table.replaceAll([lease(1), lease(2)])
        let torn = record("10.244.2.0-24", "", at: 5)
        #expect(
            texts([table.take(torn)].compactMap(\.self)) == [
                "lease 10.244.2.0-24 passed over: unexpected end of JSON input"
            ])
        #expect(table.take(torn) == nil)
        #expect(table.replaceAll([lease(1), torn, record("elsewhere", "{}", at: 4)]).count == 1)
        #expect(table.replaceAll([lease(1), torn, record("elsewhere", "{}", at: 4)]) == [])
        #expect(table.leases.keys.sorted() == ["10.244.1.0-24", "10.244.2.0-24"])
        // Another value in the same place is another fault.
        #expect(table.take(record("10.244.2.0-24", "x", at: 6)) != nil)
        #expect(table.remove("10.244.2.0-24") != nil)
        #expect(table.remove("10.244.2.0-24") == nil)
    }

    @Test func isRememberedAsItIs() {
        var table = LeaseTable()
        _ = table.replaceAll([lease(1), lease(2)])
        var copy = LeaseTable()
        _ = copy.replaceAll(table.records)
        #expect(copy.leases.mapValues(\.attributes) == table.leases.mapValues(\.attributes))
    }
}
