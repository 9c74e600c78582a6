/// All that the command line and the environment say.
package struct DaemonOptions: Sendable {
    package var etcd = EtcdOptions()
    package var reconciler = Reconciler.Settings()
    /// Minutes before its end at which the lease is renewed.
    package var renewMargin = 60
    package var reacquiresLostLease = false
    /// The folder where what is known is kept for the next start.
    package var stateDirectory = "/var/lib/flannel"
    package var healthAddress = "0.0.0.0"
    /// 0 for no server.
    package var healthPort = 0
    package var usesKubernetes = false
    package var asksForVersion = false
    /// Seconds between two comparisons with the kernel that nothing else gives reason for.
    package var resyncPeriod = 60

    package init() {}
}
