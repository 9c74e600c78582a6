import LinuxSystem

/// What is remembered of devices that containers have: which were up on the host, and are to be so again.
///
/// It is of no use after a reboot, and no harm without.
enum DevicesThatWereUp {
    private static let folder = "/run/cni/host-device"

    /// Remembers a device.
    ///
    /// - Parameter name: of the device on the host.
    /// - Throws: what keeps a file from being written.
    static func remember(_ name: String) throws(SystemError) {
        try File.makeDirectory(folder, mode: 0o700)
        try File.replace("\(folder)/\(name)", with: [], mode: 0o600)
    }

    /// Forgets a device.
    ///
    /// - Returns: whether it was remembered.
    /// - Throws: what keeps a file from being deleted.
    static func forget(_ name: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            return try File.remove("\(folder)/\(name)")
        } catch  where error.code == .notDirectory {
            return false
        }
    }
}
