import TestSupport
import Testing

/// The daemon as a service manager runs it.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldServiceTests {
    @Test func whoStartedItHearsThatItIsReadyWhenTheFileIsThere() throws {
        let cluster = try FlannelCluster(hosts: 1, network: nil)
        let host = cluster.hosts[0]
        let manager = try NotificationSocket(at: "\(host.host.directory.path)/notify")
        try host.start(variables: ["NOTIFY_SOCKET": manager.path], waiting: false)
        try host.log.wait(for: "Did you create your config using etcdv3 API?")
        #expect(manager.next(waiting: false) == nil)
        try cluster.etcd.ctl("put", "/coreos.com/network/config", FlannelCluster.network)
        #expect(manager.next() == "READY=1")
        #expect(host.value("FLANNEL_SUBNET") != nil)
        #expect(host.stop() == 0)
        #expect(manager.next() == "STOPPING=1")
    }
}
