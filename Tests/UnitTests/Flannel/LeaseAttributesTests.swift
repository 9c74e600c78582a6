import Addressing
import JSON
import Testing

@testable import Flannel

struct LeaseAttributesTests {
    /// As the reference's daemon wrote them.
    static let samples = [
        #"{"PublicIP":"192.168.77.11","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"3e:e3:ee:9d:de:a9"}}"#,
        #"{"PublicIP":"192.168.77.11","PublicIPv6":null}"#,
        #"{"PublicIP":"192.168.77.11","PublicIPv6":null,"BackendType":"host-gw"}"#,
        #"{"PublicIP":"192.168.77.11","PublicIPv6":"fd77::111","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"ce:b5:7c:63:f9:be"},"BackendV6Data":{"VNI":1,"VtepMAC":"82:d7:d9:38:bb:d2"}}"#,
        #"{"PublicIP":"0.0.0.0","PublicIPv6":"fd77::111","BackendType":"vxlan"}"#,
    ]

    private func read(_ text: String) throws -> LeaseAttributes { try LeaseAttributes(parsing: Array(text.utf8)) }

    @Test(arguments: samples)
    func writesWhatTheReferenceWrites(text: String) throws {
        #expect("\(JSONValue.object(try read(text).object))" == text)
    }

    @Test func keepsMembersOfALaterRelease() throws {
        let later = try read(#"{"Zone":{"b":[1,2.50],"a":null},"publicip":"10.0.0.1","Weight":7}"#)
        var own = LeaseAttributes(publicIP: IPAddress("10.0.0.1"), publicIPv6: nil)
        #expect(own.tellsTheSame(as: later))
        own.backendType = "vxlan"
        #expect(!own.tellsTheSame(as: later))
        #expect(
            "\(JSONValue.object(own.keepingUnknown(of: later).object))"
                == #"{"PublicIP":"10.0.0.1","PublicIPv6":null,"BackendType":"vxlan","Zone":{"b":[1,2.50],"a":null},"Weight":7}"#
        )
    }

    @Test(arguments: [
        "", "null", "[]", "7", #""x""#, "{}", #"{"PublicIP":7}"#, #"{"PublicIP":"x"}"#, #"{"PublicIP":"fd77::1"}"#,
        #"{"PublicIP":"0.0.0.0","PublicIPv6":null}"#, #"{"PublicIPv6":"10.0.0.1"}"#,
        #"{"PublicIP":"10.0.0.1","BackendType":{}}"#, #"{"PublicIP":"10.0.0.1""#,
        String(repeating: "[", count: 100_000),
    ])
    func refusesWhatIsNoLease(text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test func oldHostsOfVXLANWriteNoVNI() throws {
        let data = try VXLANLeaseData(reading: JSONReader(["VtepMAC": "3e:e3:ee:9d:de:a9"]))
        #expect(data.vni == nil)
    }

    @Test(arguments: [
        JSONValue.null, [:], ["VtepMAC": .null], ["VtepMAC": "00:00:00:00:00:00"], ["VtepMAC": "ff:ff:ff:ff:ff:ff"],
        ["VtepMAC": "3e:e3:ee:9d:de:a9:00:11"], ["VtepMAC": "3e:e3:ee:9d:de:a9", "VNI": "1"], [1],
    ])
    func refusesWhatIsNoDevice(value: JSONValue) {
        #expect(throws: JSONError.self) { try VXLANLeaseData(reading: JSONReader(value)) }
    }
}
