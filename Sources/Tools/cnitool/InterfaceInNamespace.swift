import Addressing
import Attachments
import CNI
import CNIRuntime
import LinuxSystem
import RouteNetlink

/// Whose the interface is that has the name of an attachment's in its namespace.
enum InterfaceInNamespace {
    /// There is no interface of that name.
    case none
    /// That of the attachment, as far as the result of ADD tells.
    case own
    /// One that cnitool did not make: nothing is kept of an ADD, or ADD told another MAC address.
    case foreign

    /// - Throws: what keeps it from being looked at.
    init(
        of request: AttachmentRequest, in list: ConfigurationList, _ namespace: borrowing NetworkNamespace,
        _ cache: ResultCache
    ) throws {
        let name = request.attachment.interfaceName
        var socket = try RouteSocket(in: namespace)
        guard let link = try socket.link(named: name) else {
            self = .none
            return
        }
        guard try cache.contains(request.attachment) else {
            self = .foreign
            return
        }
        let result = cache.knownResult(of: request.attachment, in: list)
        let told = result?.interfaces.first { $0.name == name && !($0.sandbox ?? "").isEmpty }
        let mac = told?.mac.flatMap { MACAddress($0) }
        self = mac == nil || mac == link.mac ? .own : .foreign
    }
}
