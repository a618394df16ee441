internal import SharedMemory

extension Group {
    /// Roles, and the sequence of configure, acknowledgement and commit.
    package static let roles = Group(
        "roles",
        [
            ruled(
                "toplevel-then-subsurface",
                "wl_subcompositor.get_subsurface: bad_surface",
                .error(.subcompositorSurface)
            ) {
                let (window, other) = (try Window($0), try $0.createSurface())
                _ = try $0.makeSubsurface(of: window.surface, parent: other)
            },
            ruled("subsurface-then-xdg", "xdg_wm_base.get_xdg_surface: role", .error(.shellRole)) {
                let (child, parent) = (try $0.createSurface(), try $0.createSurface())
                _ = try $0.makeSubsurface(of: child, parent: parent)
                _ = $0.makeToplevel(of: try $0.makeShellSurface(of: child))
            },
            ruled(
                "xdg-surface-twice",
                "xdg_wm_base.get_xdg_surface: role",
                .error(.shellRole),
                .error(.alreadyConstructed)
            ) {
                _ = try $0.makeShellSurface(of: Window($0).surface)
            },
            ruled("toplevel-twice", "xdg_surface.get_toplevel: already_constructed", .error(.alreadyConstructed)) {
                _ = $0.makeToplevel(of: try Window($0).shellSurface)
            },
            ruled("subsurface-twice", "wl_subcompositor.get_subsurface: bad_surface", .error(.subcompositorSurface)) {
                let (child, parent) = (try $0.createSurface(), try $0.createSurface())
                _ = try $0.makeSubsurface(of: child, parent: parent)
                _ = try $0.makeSubsurface(of: child, parent: parent)
            },
            ruled(
                "buffer-before-role",
                "xdg_wm_base.get_xdg_surface: a surface with a buffer",
                .error(.shellSurfaceState),
                .error(.unconfiguredBuffer),
                .error(.alreadyConstructed),
                .error(.any)
            ) {
                let surface = try $0.createSurface()
                $0.show(surface, try $0.makeBuffer())
                _ = $0.makeToplevel(of: try $0.makeShellSurface(of: surface))
            },
            ruled("buffer-before-configure", "xdg_surface: unconfigured_buffer", .error(.unconfiguredBuffer)) {
                let window = try Window($0)
                $0.show(window.surface, try $0.makeBuffer())
            },
            ruled(
                "buffer-before-first-commit",
                "xdg_surface: unconfigured_buffer",
                .error(.unconfiguredBuffer),
                .error(.shellSurfaceState)
            ) {
                let surface = try $0.createSurface()
                _ = $0.makeToplevel(of: try $0.makeShellSurface(of: surface))
                $0.show(surface, try $0.makeBuffer())
            },
            ruled(
                "commit-without-role-object",
                "xdg_surface: not_constructed",
                .error(.notConstructed),
                .error(.any),
                .served
            ) {
                let surface = try $0.createSurface()
                _ = try $0.makeShellSurface(of: surface)
                $0.commit(surface)
            },
            ruled("ack-before-role-object", "xdg_surface.ack_configure: not_constructed", .error(.notConstructed)) {
                $0.send(try $0.makeShellSurface(of: $0.createSurface()), 4, [1])
            },
            ruled(
                "ack-unknown",
                "xdg_surface.ack_configure: invalid_serial",
                .error(.invalidSerial),
                .error(.shellSurfaceState)
            ) {
                let window = try Window($0)
                try window.configure()
                $0.send(window.shellSurface, 4, [0x7654_3210])
            },
            ruled(
                "ack-twice",
                "xdg_surface.ack_configure: invalid_serial",
                .error(.invalidSerial),
                .error(.shellSurfaceState),
                .served
            ) {
                let window = try Window($0)
                try window.configure()
                window.acknowledge()
            },
            ruled("geometry-empty", "xdg_surface.set_window_geometry: above zero", .error(.geometrySize), .error(.any))
            {
                $0.send(try Window($0).shellSurface, 3, [0, 0, 0, 0])
            },
            ruled("geometry-largest", "xdg_surface.set_window_geometry: clamped to what there is", .served) {
                let window = try Window($0)
                let (low, high) = (UInt32(bitPattern: .min), UInt32(bitPattern: .max))
                $0.send(window.shellSurface, 3, [low, low, high, high])
                try window.configure()
                $0.show(window.surface, try $0.makeBuffer())
            },
            ruled("size-minimum-above-maximum", "xdg_toplevel.set_min_size: invalid_size", .error(.toplevelSize)) {
                let window = try Window($0)
                $0.send(window.toplevel, 8, [100, 100])
                $0.send(window.toplevel, 7, [50, 50])
                $0.commit(window.surface)
            },
            ruled("size-negative", "xdg_toplevel.set_min_size: invalid_size", .error(.toplevelSize)) {
                let window = try Window($0)
                $0.send(window.toplevel, 8, [.max, .max])
                $0.commit(window.surface)
            },
            ruled("parent-is-itself", "xdg_toplevel.set_parent: invalid_parent", .error(.toplevelParent), .served) {
                let window = try Window($0)
                $0.send(window.toplevel, 1, [window.toplevel])
            },
            ruled("parents-in-a-circle", "xdg_toplevel.set_parent: invalid_parent", .error(.toplevelParent), .served) {
                let windows = [try Window.shown($0), try Window.shown($0), try Window.shown($0)]
                for index in 0..<3 { $0.send(windows[index].toplevel, 1, [windows[(index + 1) % 3].toplevel]) }
                for window in windows { $0.commit(window.surface) }
            },
            ruled(
                "surface-before-role-object",
                "wl_surface.destroy: before its role object",
                .served,
                .error(.surfaceDefunctRole),
                .error(.any)
            ) {
                let window = try Window.shown($0)
                $0.destroy(window.surface)
                $0.send(window.toplevel, 2, RawRequest.text("gone"))
                $0.destroy(window.toplevel)
                $0.destroy(window.shellSurface)
            },
            ruled(
                "xdg-surface-before-role-object",
                "xdg_surface.destroy: defunct_role_object",
                .error(.shellSurfaceDefunct),
                .error(.any),
                .served
            ) {
                let window = try Window.shown($0)
                $0.destroy(window.shellSurface)
                $0.destroy(window.surface)
                $0.destroy(window.toplevel)
            },
            ruled("shell-before-surfaces", "xdg_wm_base.destroy: defunct_surfaces", .error(.shellDefunct)) {
                _ = try Window.shown($0)
                $0.send(try $0.shell(), 0)
            },
            ruled("mapped-again", "xdg_surface: after attach(null) it begins anew, with a configure", .served) {
                let window = try Window.shown($0)
                for _ in 0..<3 {
                    $0.forgetEvents()
                    $0.attach(window.surface, 0)
                    $0.commit(window.surface)
                    guard $0.answer() == .served else { return }
                    $0.commit(window.surface)
                    try window.configure()
                    try $0.showAndWait(window, $0.makeBuffer())
                }
            },
            ruled("role-again", "xdg_surface: the same role again is allowed", .served) {
                let surface = try $0.createSurface()
                for _ in 0..<3 {
                    let shellSurface = try $0.makeShellSurface(of: surface)
                    let toplevel = $0.makeToplevel(of: shellSurface)
                    $0.commit(surface)
                    guard $0.answer() == .served else { return }
                    $0.destroy(toplevel)
                    $0.destroy(shellSurface)
                }
            },
        ]
    )

    /// Requests, and an answer to what was made of them.
    static func ruled(
        _ name: String,
        _ rule: String,
        _ allowed: Allowed...,
        send: @escaping @Sendable (RawClient) throws -> Void
    ) -> Case {
        Case(name, rule) { trial in
            try send(trial.client())
            return try trial.expect(allowed)
        }
    }
}
