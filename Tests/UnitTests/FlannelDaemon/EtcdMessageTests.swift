import JSON
import Testing

@testable import FlannelDaemon

struct EtcdMessageTests {
    private func text(_ object: JSONObject) -> String { "\(JSONValue.object(object))" }

    @Test func requestsAreThoseOfTheGateway() {
        let key = Array("/x".utf8)
        #expect(
            text(EtcdRequest.range(key, to: EtcdRequest.end(ofPrefix: key), limit: 3, revision: 9))
                == #"{"key":"L3g=","range_end":"L3k=","limit":"3","revision":"9"}"#)
        #expect(
            text(EtcdRequest.put(key, [1], lease: 7, ifModifiedAt: 0))
                == #"{"compare":[{"key":"L3g=","result":"EQUAL","target":"VERSION","version":"0"}],"#
                + #""success":[{"requestPut":{"key":"L3g=","value":"AQ==","lease":"7"}}]}"#)
        #expect(
            text(EtcdRequest.delete(key, ifModifiedAt: 4))
                == #"{"compare":[{"key":"L3g=","result":"EQUAL","target":"MOD","mod_revision":"4"}],"#
                + #""success":[{"requestDeleteRange":{"key":"L3g="}}]}"#)
    }

    @Test(arguments: [([UInt8]("a/".utf8), [UInt8]("a0".utf8)), ([1, 0xff], [2]), ([0xff, 0xff], [0])])
    func theEndOfAPrefixIsBehindAllThatBeginWithIt(prefix: [UInt8], end: [UInt8]) {
        #expect(EtcdRequest.end(ofPrefix: prefix) == end)
    }

    @Test func readsAnswersWithWhatTheGatewayLeavesOut() throws {
        let answer = try JSONValue(
            parsing:
                #"{"header":{"cluster_id":"5","revision":"12"},"kvs":[{"key":"L3g=","create_revision":"3"}],"more":true}"#
        )
        let range = try EtcdRange(reading: JSONReader(answer))
        #expect(range.header.revision == 12 && range.isPartial)
        #expect(range.records.map(\.name) == ["/x"] && range.records[0].value == [] && range.records[0].lease == 0)
    }

    @Test func readsEventsOfBothKinds() throws {
        let answer = try JSONValue(
            parsing:
                #"{"header":{"revision":"2"},"events":[{"kv":{"key":"YQ=="}},{"type":"DELETE","kv":{"key":"Yg=="}}]}"#)
        let part = try EtcdWatchPart(reading: JSONReader(answer))
        let names = part.events.map { event in
            switch event {
            case .put(let record): "+\(record.name)"
            case .delete(let record): "-\(record.name)"
            }
        }
        #expect(names == ["+a", "-b"])
    }

    @Test(arguments: [
        "[]", #"{"header":{}, "kvs":7}"#, #"{"header":{"revision":"x"}}"#, #"{"kvs":[]}"#,
        #"{"header":{"revision":"99999999999999999999"}}"#, #"{"header":{},"kvs":[{"key":"*"}]}"#,
    ])
    func refusesWhatIsNoAnswer(text: String) {
        #expect(throws: JSONError.self) { try EtcdRange(reading: JSONReader(try JSONValue(parsing: text))) }
    }
}
