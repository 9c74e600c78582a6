package import Addressing

/// Something in the kernel that is not as an overlay wants it.
package struct OverlayDifference: Hashable, Sendable {
    package let subject: Subject
    package let object: Object
    package let fault: Fault

    init(_ subject: Subject, _ object: Object, _ fault: Fault) {
        self.subject = subject
        self.object = object
        self.fault = fault
    }

    /// Whose it is.
    package enum Subject: Hashable, Sendable {
        /// This host's device, and what leads to no peer.
        case device(String)
        /// A peer, by its address on the underlay.
        case peer(IPAddress)
    }

    package enum Object: Hashable, Sendable {
        /// The device itself.
        case link
        /// A property of the device.
        case setting(String)
        case address(InterfaceAddress)
        case route(CIDR)
        case neighbor(IPAddress)
        case forwarding(MACAddress)
    }

    package enum Fault: Hashable, Sendable {
        case missing
        /// There, and not as it should be, but as this says.
        case wrong(String)
        /// There, and wanted by nothing.
        case surplus
        /// As this says, and left so, since the kernel refuses to change it and another program made it.
        case kept(String)
        /// Behind something of another program, which this says.
        case hidden(String)
    }
}

extension OverlayDifference {
    /// The same, which nothing is done about.
    var kept: OverlayDifference {
        guard case .wrong(let present) = fault else { return self }
        return OverlayDifference(subject, object, .kept(present))
    }
}

extension OverlayDifference: CustomStringConvertible {
    /// As in `peer 192.168.1.12: route 10.244.2.0/24 missing, added`.
    package var description: String {
        switch fault {
        case .missing: "\(finding), added"
        case .wrong: "\(finding), corrected"
        case .surplus: "\(finding), removed"
        case .kept, .hidden: finding
        }
    }

    /// The same for what has not been mended: `peer 192.168.1.12: route 10.244.2.0/24 missing`.
    package var finding: String {
        let what = "\(object)".isEmpty ? "" : "\(object) "
        return switch fault {
        case .missing: "\(subject): \(what)missing"
        case .wrong(let present): "\(subject): \(what)wrong (\(present))"
        case .surplus: "\(subject): \(what)surplus"
        case .kept(let present): "\(subject): \(what)wrong (\(present)), kept: another program made it"
        case .hidden(let other): "\(subject): \(what)hidden (\(other))"
        }
    }
}

extension OverlayDifference.Subject: CustomStringConvertible {
    package var description: String {
        switch self {
        case .device(let name): "device \(name)"
        case .peer(let endpoint): "peer \(endpoint)"
        }
    }
}

extension OverlayDifference.Object: CustomStringConvertible {
    package var description: String {
        switch self {
        case .link: ""
        case .setting(let name): name
        case .address(let address): "address \(address)"
        case .route(let destination): "route \(destination)"
        case .neighbor(let address): "neighbor \(address)"
        case .forwarding(let mac): mac.isZero ? "forwarding entry for broadcast" : "forwarding entry \(mac)"
        }
    }
}
