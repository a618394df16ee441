internal import WaylandServer

/// `xdg_popup`: for the time being, dismissed as soon as it would appear.
///
/// A compositor may dismiss a popup at any time, and clients go on without it. Nothing could be done with one anyway as
/// long as there is no input.
final class Popup: XdgPopup.Requests, ShellRole {
    private let resource: XdgPopup
    private weak var shell: ShellSurface?
    private let hasParent: Bool

    init(resource: XdgPopup, shell: ShellSurface, hasParent: Bool) {
        self.resource = resource
        self.shell = shell
        self.hasParent = hasParent
    }

    func grab(_ resource: XdgPopup, seat: WlSeat, serial: UInt32) throws(ProtocolError) {}

    func reposition(_ resource: XdgPopup, positioner: XdgPositioner, token: UInt32) throws(ProtocolError) {}

    func destroyed(_ resource: XdgPopup) {
        shell?.roleDestroyed()
    }

    var node: (any SceneNode)? { nil }

    func willCommit(_ surface: Surface) throws(ProtocolError) {
        try shell?.willCommit(surface)
        // Another protocol may give it a parent until then; none here does.
        guard hasParent else {
            throw ProtocolError(
                XdgWmBase.Error.invalidPopupParent,
                "xdg_popup@\(resource.id) was made with a null parent, and committed before it got one",
                on: shell?.baseResource
            )
        }
    }

    func sendConfigure(serial: UInt32) {
        resource.sendPopupDone()
    }

    func didAck(serial: UInt32) {}

    func didCommit(_ surface: Surface) { _ = shell?.didCommit(surface) }

    func surfaceDestroyed(_ surface: Surface) { shell?.surfaceDestroyed() }

    func didUnmap() {}
}
