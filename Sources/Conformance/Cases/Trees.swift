extension Group {
    /// Subsurfaces, popups, and what a surface is told of itself.
    package static let trees = Group(
        "trees",
        [
            ruled(
                "own-parent",
                "wl_subcompositor.get_subsurface: a surface as its own parent",
                .error(.subcompositorSurface),
                .error(.subcompositorParent)
            ) {
                let surface = try $0.createSurface()
                _ = try $0.makeSubsurface(of: surface, parent: surface)
            },
            ruled(
                "circle",
                "wl_subcompositor.get_subsurface: a parent that is a descendant",
                .error(.subcompositorSurface),
                .error(.subcompositorParent)
            ) {
                let surfaces = [try $0.createSurface(), try $0.createSurface(), try $0.createSurface()]
                for index in 0..<3 {
                    _ = try $0.makeSubsurface(of: surfaces[index], parent: surfaces[(index + 1) % 3])
                }
                for surface in surfaces { $0.show(surface, try $0.makeBuffer()) }
            },
            ruled("placed-above-stranger", "wl_subsurface.place_above: bad_surface", .error(.subsurfaceSurface)) {
                let (child, parent, other) = (try $0.createSurface(), try $0.createSurface(), try $0.createSurface())
                $0.send(try $0.makeSubsurface(of: child, parent: parent), 2, [other])
            },
            ruled("placed-above-itself", "wl_subsurface.place_above: bad_surface", .error(.subsurfaceSurface), .served)
            {
                let (child, parent) = (try $0.createSurface(), try $0.createSurface())
                $0.send(try $0.makeSubsurface(of: child, parent: parent), 2, [child])
            },
            ruled("parent-destroyed", "wl_subsurface: a child whose parent is gone is not shown", .served) {
                let (child, parent) = (try $0.createSurface(), try Window.shown($0))
                let subsurface = try $0.makeSubsurface(of: child, parent: parent.surface)
                $0.show(child, try $0.makeBuffer())
                for object in [parent.toplevel, parent.shellSurface, parent.surface] { $0.destroy(object) }
                $0.send(subsurface, 1, [5, 5])
                $0.show(child, try $0.makeBuffer())
                $0.destroy(subsurface)
            },
            ruled("child-destroyed", "wl_subsurface: requests after its surface is gone", .served) {
                let (child, parent) = (try $0.createSurface(), try Window.shown($0))
                let subsurface = try $0.makeSubsurface(of: child, parent: parent.surface)
                $0.show(child, try $0.makeBuffer())
                $0.commit(parent.surface)
                $0.destroy(child)
                $0.send(subsurface, 1, [5, 5])
                $0.send(subsurface, 5)
                $0.commit(parent.surface)
            },
            ruled("position-largest", "wl_subsurface.set_position: as far away as can be", .served) {
                let (child, parent) = (try $0.createSurface(), try Window.shown($0))
                let subsurface = try $0.makeSubsurface(of: child, parent: parent.surface)
                for corner in [UInt32(0x7fff_ffff), 0x8000_0000] {
                    $0.send(subsurface, 1, [corner, corner])
                    $0.show(child, try $0.makeBuffer())
                    $0.commit(parent.surface)
                    $0.linger(milliseconds: 40)
                }
            },
            ruled("offset-sums", "wl_surface.attach: offsets that add up beyond 32 bits", .served, .error(.any)) {
                let window = try Window.shown($0)
                let buffer = try $0.makeBuffer()
                for _ in 0..<6 {
                    $0.send(window.surface, 1, [buffer, 0x7fff_ffff, 0x7fff_ffff])
                    $0.damage(window.surface)
                    $0.commit(window.surface)
                    $0.linger(milliseconds: 20)
                }
            },
            ruled("scale-zero", "wl_surface.set_buffer_scale: invalid_scale", .error(.surfaceScale)) {
                $0.send(try $0.createSurface(), 8, [0])
            },
            ruled("scale-negative", "wl_surface.set_buffer_scale: invalid_scale", .error(.surfaceScale)) {
                $0.send(try $0.createSurface(), 8, [.max])
            },
            ruled(
                "scale-largest",
                "wl_surface.set_buffer_scale: no multiple of it, invalid_size",
                .error(.surfaceSize),
                .served
            ) {
                let window = try Window.shown($0)
                $0.send(window.surface, 8, [0x7fff_ffff])
                $0.show(window.surface, try $0.makeBuffer())
            },
            ruled("transform-unknown", "wl_surface.set_buffer_transform: invalid_transform", .error(.surfaceTransform))
            {
                $0.send(try $0.createSurface(), 7, [8])
            },
            ruled("transform-negative", "wl_surface.set_buffer_transform: invalid_transform", .error(.surfaceTransform))
            {
                $0.send(try $0.createSurface(), 7, [.max])
            },
            ruled("damage-largest", "wl_surface.damage: clipped to the surface", .served) {
                let window = try Window.shown($0)
                for corner in [UInt32(0), 0x7fff_ffff, 0x8000_0000, .max] {
                    for size in [UInt32(0), 1, 0x7fff_ffff, 0x8000_0000] {
                        $0.send(window.surface, 2, [corner, corner, size, size])
                        $0.send(window.surface, 9, [corner, corner, size, size])
                    }
                }
                $0.attach(window.surface, try $0.makeBuffer())
                $0.commit(window.surface)
            },
            ruled("region-largest", "wl_region.add: rectangles that end beyond 32 bits", .served) {
                let (window, region) = (try Window.shown($0), try $0.createRegion())
                for corner in [UInt32(0), 0x7fff_ffff, 0x8000_0000] {
                    for size in [UInt32(1), 0x7fff_ffff, .max] { $0.send(region, 1, [corner, corner, size, size]) }
                }
                $0.send(window.surface, 4, [region])
                $0.send(window.surface, 5, [region])
                $0.commit(window.surface)
            },
            ruled("popup-incomplete-positioner", "xdg_surface.get_popup: invalid_positioner", .error(.shellPositioner))
            {
                let (window, surface) = (try Window.shown($0), try $0.createSurface())
                let shellSurface = try $0.makeShellSurface(of: surface)
                _ = try $0.makePopup(of: shellSurface, parent: window.shellSurface, isComplete: false)
            },
            ruled(
                "popup-without-parent",
                "xdg_surface.get_popup: invalid_popup_parent at the commit",
                .error(.shellPopupParent),
                .error(.any),
                .served
            ) {
                let surface = try $0.createSurface()
                _ = try $0.makePopup(of: $0.makeShellSurface(of: surface), parent: 0)
                $0.commit(surface)
            },
            ruled(
                "popup-is-its-parent",
                "xdg_surface.get_popup: invalid_popup_parent",
                .error(.shellPopupParent),
                .error(.any),
                .served
            ) {
                let surface = try $0.createSurface()
                let shellSurface = try $0.makeShellSurface(of: surface)
                _ = try $0.makePopup(of: shellSurface, parent: shellSurface)
                $0.commit(surface)
            },
            ruled(
                "popup-parent-without-role",
                "xdg_surface.get_popup: invalid_popup_parent",
                .error(.shellPopupParent),
                .error(.any),
                .served
            ) {
                let (one, other) = (try $0.createSurface(), try $0.createSurface())
                let (shellSurface, parent) = (try $0.makeShellSurface(of: one), try $0.makeShellSurface(of: other))
                _ = try $0.makePopup(of: shellSurface, parent: parent)
                $0.commit(one)
            },
            ruled("popup-parent-gone", "xdg_popup: its parent is gone before it", .served, .error(.any)) {
                let (window, surface) = (try Window.shown($0), try $0.createSurface())
                let shellSurface = try $0.makeShellSurface(of: surface)
                let popup = try $0.makePopup(of: shellSurface, parent: window.shellSurface)
                $0.commit(surface)
                for object in [window.toplevel, window.shellSurface, window.surface] { $0.destroy(object) }
                guard $0.answer() == .served else { return }
                $0.commit(surface)
                $0.destroy(popup)
            },
            positioned("positioner-size-zero", 1, [0, 0]),
            positioned("positioner-size-negative", 1, [.max, 5]),
            positioned("positioner-anchor-negative", 2, [0, 0, .max, 5]),
            positioned("positioner-anchor-unknown", 3, [77], .served),
            positioned("positioner-gravity-unknown", 4, [77], .served),
        ]
    )

    private static func positioned(
        _ name: String,
        _ opcode: UInt32,
        _ arguments: [UInt32],
        _ others: Allowed...
    ) -> Case {
        Case(name, "xdg_positioner: invalid_input") { trial in
            let client = try trial.client()
            let shell = try client.shell()
            let positioner = client.newObject("xdg_positioner")
            client.send(shell, 1, [positioner])
            client.send(positioner, opcode, arguments)
            return try trial.expect([.error(.positionerInput)] + others)
        }
    }
}
