import Addressing
import CNI
import ContainerLinks
import JSON
import LinuxSystem
import RouteNetlink

/// Which device of the host's a container gets: `device`, `hwaddr`, `kernelpath`, `pciBusID` or `runtimeConfig.deviceID`, of
/// which the first that is given counts.
enum DeviceSelection: Sendable {
    case name(String)
    case mac(MACAddress)
    /// A folder below `/sys/devices`.
    case kernelPath(String)
    /// As in `0000:00:1f.6`.
    case pci(String)
    /// As in `mlx5_core.sf.4`.
    case auxiliary(String)

    /// - Throws: code 7 when nothing is given, or something that cannot be.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        func text(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : $0 } }
        if let name = text(try reader.optional("device")) {
            self = .name(name)
        } else if text(try reader.optional("hwaddr")) != nil {
            self = .mac(try reader.required("hwaddr"))
        } else if let path = text(try reader.optional("kernelpath")) {
            guard path.hasPrefix("/sys/devices/"), !path.split(separator: "/").contains("..") else {
                throw CNIError(
                    .invalidConfiguration,
                    "kernel device path \"\(path)\" must be absolute and begin with /sys/devices/")
            }
            self = .kernelPath(path)
        } else if let id = text(try configuration.runtimeConfiguration()?.optional("deviceID")) {
            self = try Self.requestedByRuntime(id)
        } else if let id = text(try reader.optional("pciBusID")) {
            guard Self.isPathComponent(id) else { throw reader.fail("expected an address on the bus", at: "pciBusID") }
            self = .pci(id)
        } else {
            throw CNIError(
                .invalidConfiguration, "specify either \"device\", \"hwaddr\", \"kernelpath\" or \"pciBusID\"")
        }
    }

    private static func requestedByRuntime(_ id: String) throws(CNIError) -> DeviceSelection {
        if isPathComponent(id) {
            if (try? FileStatus(path: "\(pciFolder)/\(id)")) != nil { return .pci(id) }
            if (try? FileStatus(path: "\(auxiliaryFolder)/\(id)")) != nil { return .auxiliary(id) }
        }
        throw CNIError(.invalidConfiguration, "runtime config DeviceID \(id) not found or unsupported")
    }

    private static func isPathComponent(_ text: String) -> Bool {
        !text.contains("/") && text != "." && text != ".."
    }

    private static let pciFolder = "/sys/bus/pci/devices"
    private static let auxiliaryFolder = "/sys/bus/auxiliary/devices"

    /// Whether a driver has the device that leaves it to programs, so that there is no link to move.
    var isLeftToPrograms: Bool {
        guard case .pci(let id) = self, let driver = try? SymbolicLink.target(of: "\(Self.pciFolder)/\(id)/driver")
        else { return false }
        return ["vfio-pci", "uio_pci_generic", "igb_uio"].contains(driver.split(separator: "/").last)
    }

    /// Finds the device's link.
    ///
    /// - Throws: code 7 when there is none.
    func link(on host: inout RouteSocket) throws -> Link {
        let found: Link? =
            switch self {
            // One of this name may have come back from a container that is gone, under another.
            case .name(let name): try host.link(named: name) ?? BorrowedDevice.restore(name, on: &host)
            case .mac(let mac): try host.links().first { $0.mac == mac && !$0.isLoopback }
            case .kernelPath(let path): try Self.link(in: "\(path)/net", on: &host)
            case .pci(let id): try Self.link(in: Self.networkFolder(ofPCI: "\(Self.pciFolder)/\(id)"), on: &host)
            case .auxiliary(let id): try Self.link(in: "\(Self.auxiliaryFolder)/\(id)/net", on: &host)
            }
        guard let found else {
            throw CNIError(.invalidConfiguration, "failed to find host device: \(self): there is none on this host")
        }
        return found
    }

    /// Where a device has its link's name, which is below a device of its own where it is a virtual machine's.
    private static func networkFolder(ofPCI folder: String) throws -> String {
        let own = "\(folder)/net"
        if (try? FileStatus(path: own)) != nil { return own }
        let virtual = ((try? File.names(in: folder)) ?? []).first { $0.hasPrefix("virtio") }
        guard let virtual else {
            throw CNIError(.invalidConfiguration, "failed to find host device: no net directory under \(folder)")
        }
        return "\(folder)/\(virtual)/net"
    }

    private static func link(in folder: String, on host: inout RouteSocket) throws -> Link? {
        let names: [String]
        do throws(SystemError) {
            names = try File.names(in: folder)
        } catch {
            throw CNIError(.invalidConfiguration, "failed to find host device: \(error)")
        }
        return try names.first.flatMap { try host.link(named: $0) }
    }
}

extension DeviceSelection: CustomStringConvertible {
    var description: String {
        switch self {
        case .name(let name): "device \(name)"
        case .mac(let mac): "hwaddr \(mac)"
        case .kernelPath(let path): "kernelpath \(path)"
        case .pci(let id): "PCI device \(id)"
        case .auxiliary(let id): "auxiliary device \(id)"
        }
    }
}
