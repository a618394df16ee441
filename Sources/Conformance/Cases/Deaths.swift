internal import SharedMemory

extension Group {
    /// Clients that leave at each point on the way to a shown window, and in the middle of the request that follows.
    package static let deaths = Group(
        "deaths",
        steps.enumerated().map { index, step in
            Case("after-\(step.name)", "wl_display: a client may leave at any time") { trial in
                for isAbrupt in [true, false, true] {
                    let client = try trial.connect()
                    let scene = DyingScene(client)
                    for step in steps[...index] { try step.body(scene) }
                    // Half of a request.
                    client.socket.send(bytes: [1, 0, 0, 0, 0])
                    if !isAbrupt {
                        client.socket.finishSending()
                        client.linger(milliseconds: 20)
                    }
                }
                return .passed()
            }
        }
    )

    private final class DyingScene {
        let client: RawClient
        var (surface, shellSurface, toplevel, pool, buffer): (UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0)

        init(_ client: RawClient) { self.client = client }
    }

    private struct Step {
        let name: String
        let body: @Sendable (DyingScene) throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (DyingScene) throws -> Void) {
            (self.name, self.body) = (name, body)
        }
    }

    private static let steps = [
        Step("connect") { _ in },
        Step("sync") { $0.client.send(1, 0, [$0.client.newObject("wl_callback")]) },
        Step("get-registry") { _ = try $0.client.version(of: "wl_shm") },
        Step("bind-compositor") { _ = try $0.client.compositor() },
        Step("bind-shm") { _ = try $0.client.shm() },
        Step("bind-shell") { _ = try $0.client.shell() },
        Step("create-pool") {
            let file = try AnonymousFile.create(name: "dying", size: Window.size)
            $0.pool = try $0.client.createPool($0.client.shm(), file.descriptor, size: Int32(Window.size))
        },
        Step("create-buffer") {
            $0.buffer = $0.client.createBuffer($0.pool, width: Window.width, height: Window.height)
        },
        Step("create-surface") { $0.surface = try $0.client.createSurface() },
        Step("get-xdg-surface") { $0.shellSurface = try $0.client.makeShellSurface(of: $0.surface) },
        Step("get-toplevel") { $0.toplevel = $0.client.makeToplevel(of: $0.shellSurface) },
        Step("set-title") { $0.client.send($0.toplevel, 2, RawRequest.text("dying")) },
        Step("first-commit") { $0.client.commit($0.surface) },
        Step("configure") { scene in
            guard scene.client.wait(until: { !scene.client.events(of: scene.shellSurface, 0).isEmpty }) else {
                throw Unmet("xdg_surface.configure never came: \(scene.client.answer().description)")
            }
        },
        Step("ack-configure") {
            $0.client.send($0.shellSurface, 4, $0.client.events(of: $0.shellSurface, 0).last!.words)
        },
        Step("attach") { $0.client.attach($0.surface, $0.buffer) },
        Step("damage") { $0.client.damage($0.surface) },
        Step("frame") { _ = $0.client.frame($0.surface) },
        Step("commit") { $0.client.commit($0.surface) },
        Step("shown") { $0.client.linger(milliseconds: 60) },
        Step("buffer-destroyed") { $0.client.destroy($0.buffer) },
        Step("pool-destroyed") { $0.client.destroy($0.pool) },
        Step("unmapped") {
            $0.client.attach($0.surface, 0)
            $0.client.commit($0.surface)
        },
    ]
}
