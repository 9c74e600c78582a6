import Addressing
import RouteNetlink

/// What the kernel has of an overlay's kind, whosever it is.
struct PresentState {
    /// All routes of the main table, and the entries of the overlay's device.
    var entries: OverlayEntries
    /// The devices of other overlays, whose routes are theirs.
    var otherDevices: Set<InterfaceIndex> = []
    /// The first addresses of what other overlays route past their devices, where that is asked for.
    var otherClaims: Set<IPAddress> = []

    func isOtherOverlays(_ route: Route) -> Bool {
        route.device.map(otherDevices.contains) == true || otherClaims.contains(route.destination.first)
    }
}
