import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import Leases

struct LeaseStoreTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open(boot: UInt128 = 1) throws -> LeaseStore {
        try LeaseStore(
            network: "net", root: directory.path, lockTimeout: 0, boot: BootID(rawValue: boot), log: { _ in })
    }

    @Test func isEmptyAtFirst() throws {
        let store = try open()
        #expect(store.count == 0)
    }
}
