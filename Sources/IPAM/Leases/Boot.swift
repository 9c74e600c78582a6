import Glibc
import LinuxSystem

/// One run of one machine, from its start to its end.
package struct Boot: Hashable, Sendable {
    let id: BootID
    /// Nil where this machine cannot be told from others, and so its earlier boots not from those of others.
    let machine: MachineID?

    init(_ id: BootID, on machine: MachineID?) {
        self.id = id
        self.machine = machine
    }

    /// Whether this boot has certainly ended, because its machine is in another one.
    ///
    /// An id that is not the current one says no more than that: hosts that share a directory have one each, and so
    /// have containers that were given one of their own.
    func isOver(in current: Boot) -> Bool {
        machine != nil && machine == current.machine && id != current.id
    }
}

/// The number that the kernel draws at each start: `/proc/sys/kernel/random/boot_id`.
package struct BootID: Hashable, Sendable {
    let rawValue: UInt128

    init(rawValue: UInt128) {
        self.rawValue = rawValue
    }

    /// That of a boot that is no kernel's, where the kernel's file cannot be read.
    static let unknown = BootID(rawValue: 0)

    private static let path = "/proc/sys/kernel/random/boot_id"

    static func current() -> BootID {
        guard let text = try? File.read(path, limit: 128) else { return unknown }
        let digits = String(decoding: text, as: UTF8.self).filter { $0 != "-" && !$0.isNewline }
        return UInt128(digits, radix: 16).map(BootID.init) ?? unknown
    }

    /// Whether the number is the kernel's own, and not one that a container was given by a mount over it.
    static var isKernels: Bool { (try? FileDescriptor.open(path, O_RDONLY).isOnProc()) ?? false }
}

/// What tells this machine from every other one, and is the same after it was started again.
package struct MachineID: Hashable, Sendable {
    /// Never 0.
    let rawValue: UInt64

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Nil for 0, which is kept where there was none.
    init?(stored value: UInt64) {
        guard value != 0 else { return nil }
        self.init(rawValue: value)
    }

    /// machine-id(5), the number that its maker or its hypervisor gave to it, and its name.
    ///
    /// Machines made of one image often share the first, and some the second; no two in one network share the third.
    /// Where one of them changes the machine counts as another.
    ///
    /// - Returns: nil where there is neither number, or the boot's id is not the kernel's own.
    static func current() -> MachineID? {
        let numbers = [
            "/etc/machine-id", "/sys/class/dmi/id/product_uuid", "/sys/firmware/devicetree/base/serial-number",
        ].map { (try? File.read($0, limit: 4096)) ?? [] }
        guard BootID.isKernels, numbers.contains(where: { !$0.isEmpty }) else { return nil }
        let identity = (numbers + [Array(HostName.current.utf8)]).joined(separator: [0])
        return MachineID(rawValue: stableHash(identity))
    }
}
