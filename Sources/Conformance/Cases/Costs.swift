internal import SharedMemory

extension Group {
    /// Few requests that make much work. The server may refuse them; a bystander's round trips must stay short.
    package static let costs = Group(
        "costs",
        [
            priced("damage", "wl_surface.damage: 4,000 rectangles a commit", rounds: 30) { scene in
                for index in 0..<UInt32(4_000) {
                    scene.client.send(scene.window.surface, 9, [index % 61, index % 47, 1, 1])
                }
                scene.client.attach(scene.window.surface, scene.buffer)
                scene.client.commit(scene.window.surface)
            },
            priced("regions", "wl_region: 2,000 scattered rectangles, as opaque and input region", rounds: 20) {
                scene in
                let region = try scene.client.createRegion()
                for index in 0..<UInt32(2_000) {
                    scene.client.send(region, 1, [index * 7 % 1_999, index * 13 % 1_997, 3, 3])
                }
                scene.client.send(scene.window.surface, 4, [region])
                scene.client.send(scene.window.surface, 5, [region])
                scene.client.destroy(region)
                scene.client.show(scene.window.surface, scene.buffer)
            },
            priced("region-checkerboard", "wl_region: a board of 100 by 100, and subtractions", rounds: 4) { scene in
                let region = try scene.client.createRegion()
                for index in 0..<UInt32(10_000) {
                    scene.client.send(region, index % 3 == 0 ? 2 : 1, [index % 100 * 2, index / 100 * 2, 1, 1])
                }
                scene.client.send(scene.window.surface, 4, [region])
                scene.client.show(scene.window.surface, scene.buffer)
            },
            priced("siblings", "wl_subsurface: 1,000 children of one surface", rounds: 20) { scene in
                for index in 0..<UInt32(50) {
                    let child = try scene.client.createSurface()
                    let subsurface = try scene.client.makeSubsurface(of: child, parent: scene.window.surface)
                    scene.client.send(subsurface, 1, [index, index])
                    scene.client.show(child, scene.buffer)
                }
                scene.client.show(scene.window.surface, scene.buffer)
            },
            priced("siblings-turned-over", "wl_subsurface.place_below: 300 children, each moved", rounds: 12) { scene in
                if scene.children.isEmpty {
                    for _ in 0..<300 {
                        let child = try scene.client.createSurface()
                        scene.children.append(child)
                        scene.objects.append(try scene.client.makeSubsurface(of: child, parent: scene.window.surface))
                        scene.client.show(child, scene.buffer)
                    }
                }
                for object in scene.objects.dropFirst() { scene.client.send(object, 3, [scene.children[0]]) }
                scene.client.commit(scene.window.surface)
            },
            priced("depth", "wl_subsurface: 2,000 levels", rounds: 20) { scene in
                for _ in 0..<100 {
                    let child = try scene.client.createSurface()
                    _ = try scene.client.makeSubsurface(of: child, parent: scene.children.last ?? scene.window.surface)
                    scene.client.show(child, scene.buffer)
                    scene.children.append(child)
                }
                scene.client.show(scene.window.surface, scene.buffer)
            },
            priced("depth-from-below", "wl_subsurface: 2,000 levels, from the innermost on", rounds: 20) { scene in
                if scene.children.isEmpty { scene.children.append(try scene.client.createSurface()) }
                for _ in 0..<100 {
                    let parent = try scene.client.createSurface()
                    _ = try scene.client.makeSubsurface(of: scene.children.last!, parent: parent)
                    scene.client.show(parent, scene.buffer)
                    scene.children.append(parent)
                }
            },
            priced("popups", "xdg_popup: 200 levels", rounds: 20) { scene in
                for _ in 0..<10 {
                    let surface = try scene.client.createSurface()
                    let shellSurface = try scene.client.makeShellSurface(of: surface)
                    let parent = scene.objects.last ?? scene.window.shellSurface
                    _ = try scene.client.makePopup(of: shellSurface, parent: parent)
                    scene.client.commit(surface)
                    scene.objects.append(shellSurface)
                }
            },
            priced("large-buffer", "wl_surface.commit: 8,192 by 8,192 pixels, all damaged", rounds: 10) { scene in
                if scene.objects.isEmpty {
                    let size = 8_192 * 8_192 * 4
                    let file = try AnonymousFile.create(name: "large", size: size)
                    let pool = try scene.client.createPool(scene.client.shm(), file.descriptor, size: Int32(size))
                    scene.objects.append(scene.client.createBuffer(pool, width: 8_192, height: 8_192))
                }
                scene.client.show(scene.window.surface, scene.objects[0])
            },
            priced("scaled-buffer", "wp_viewport: one pixel to 20,000 by 20,000", rounds: 10) { scene in
                if scene.objects.isEmpty {
                    let viewporter = try scene.client.bindOnce("wp_viewporter")
                    scene.objects.append(scene.client.newObject("wp_viewport"))
                    scene.client.send(viewporter, 1, [scene.objects[0], scene.window.surface])
                    scene.client.send(scene.objects[0], 2, [20_000, 20_000])
                }
                scene.client.show(scene.window.surface, scene.buffer)
            },
            priced("held-commits", "wl_subsurface: 4,000 commits of a synchronised child", rounds: 20) { scene in
                if scene.children.isEmpty {
                    scene.children.append(try scene.client.createSurface())
                    _ = try scene.client.makeSubsurface(of: scene.children[0], parent: scene.window.surface)
                }
                for index in 0..<UInt32(200) {
                    for part in 0..<UInt32(8) { scene.client.send(scene.children[0], 9, [index % 60, part * 6, 2, 2]) }
                    scene.client.attach(scene.children[0], scene.buffer)
                    scene.client.commit(scene.children[0])
                }
            },
        ]
    )

    /// A shown window and what a case adds to it.
    private final class CostScene {
        let client: RawClient
        let window: Window
        let buffer: UInt32
        var children: [UInt32] = []
        var objects: [UInt32] = []

        init(_ client: RawClient) throws {
            self.client = client
            window = try Window.shown(client)
            buffer = try client.makeBuffer()
        }
    }

    private static func priced(
        _ name: String,
        _ rule: String,
        rounds: Int,
        body: @escaping @Sendable (CostScene) throws -> Void
    ) -> Case {
        Case(name, rule, limit: 40) { trial in
            let scene = try CostScene(trial.client())
            return try trial.cost(rounds: rounds) { _, _ in try body(scene) }
        }
    }
}
