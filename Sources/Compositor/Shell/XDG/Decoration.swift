internal import WaylandServer

/// `zxdg_toplevel_decoration_v1`: settles who draws a window's title bar. Signet does, unless the client wants to.
private final class Decoration: ZxdgToplevelDecorationV1.Requests {
    private weak var window: Toplevel?

    init(_ window: Toplevel) {
        self.window = window
    }

    func setMode(
        _ resource: ZxdgToplevelDecorationV1,
        mode: ZxdgToplevelDecorationV1.Mode
    ) throws(ProtocolError) {
        window?.setDecoration(resource, isDecorated: mode != .clientSide)
    }

    func unsetMode(_ resource: ZxdgToplevelDecorationV1) throws(ProtocolError) {
        window?.setDecoration(resource, isDecorated: true)
    }

    func destroyed(_ resource: ZxdgToplevelDecorationV1) {
        window?.setDecoration(nil, isDecorated: false)
    }
}

/// `zxdg_decoration_manager_v1`: offers title bars.
final class DecorationGlobal: ZxdgDecorationManagerV1.Requests, Service {
    func bind(_ resource: ZxdgDecorationManagerV1) { resource.handler = self }

    func getToplevelDecoration(
        _ resource: ZxdgDecorationManagerV1,
        id: ZxdgToplevelDecorationV1,
        toplevel: XdgToplevel
    ) throws(ProtocolError) {
        guard let window = toplevel.handler as? Toplevel else { return }
        guard window.decoration == nil else {
            throw ProtocolError(
                ZxdgToplevelDecorationV1.Error.alreadyConstructed,
                "xdg_toplevel@\(toplevel.id) has a zxdg_toplevel_decoration_v1 already",
                on: id
            )
        }
        guard !window.hasBuffer else {
            throw ProtocolError(
                ZxdgToplevelDecorationV1.Error.unconfiguredBuffer,
                "xdg_toplevel@\(toplevel.id) has a buffer already; ask for its decoration before attaching one",
                on: id
            )
        }
        id.handler = Decoration(window)
        window.setDecoration(id, isDecorated: true)
    }
}
