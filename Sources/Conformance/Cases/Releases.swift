internal import SharedMemory

extension Group {
    /// wl_buffer.release: when it has to come, and when it mustn't.
    package static let releases = Group(
        "release",
        [
            Case("replaced", "wl_buffer.release: must come for a buffer that another has replaced") { trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let (first, second) = (try client.makeBuffer(), try client.makeBuffer(0xff00_ff00))
                try client.showAndWait(window, first)
                try client.showAndWait(window, second)
                try client.mustRelease(first)
                return try trial.expect(.served)
            },
            Case("removed", "wl_buffer.release: must come for a buffer after attach(null)") { trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let buffer = try client.makeBuffer()
                try client.showAndWait(window, buffer)
                client.attach(window.surface, 0)
                client.commit(window.surface)
                try client.mustRelease(buffer)
                return try trial.expect(.served)
            },
            Case("surface-destroyed", "wl_buffer.release: must come for a buffer whose surface is gone") { trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let buffer = try client.makeBuffer()
                try client.showAndWait(window, buffer)
                for object in [window.toplevel, window.shellSurface, window.surface] { client.destroy(object) }
                try client.mustRelease(buffer)
                return try trial.expect(.served)
            },
            Case("never-attached", "wl_buffer.release: mustn't come for a buffer that wasn't attached") { trial in
                let client = try trial.client()
                let buffer = try client.makeBuffer()
                _ = try Window.shown(client)
                client.linger(milliseconds: 100)
                try client.mustNotRelease(buffer)
                return try trial.expect(.served)
            },
            Case("never-committed", "wl_buffer.release: mustn't come for an attached buffer before the commit") {
                trial in
                let client = try trial.client()
                let window = try Window.shown(client)
                let buffer = try client.makeBuffer()
                client.attach(window.surface, buffer)
                client.linger(milliseconds: 100)
                try client.mustNotRelease(buffer)
                return try trial.expect(.served)
            },
            Case("replaced-before-commit", "wl_surface.attach: a buffer replaced before the commit is not used") {
                trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let (first, second) = (try client.makeBuffer(), try client.makeBuffer(0xff00_ff00))
                client.attach(window.surface, first)
                try client.showAndWait(window, second)
                client.linger(milliseconds: 100)
                if client.events(of: first, 0).isEmpty { return try trial.expect(.served) }
                // libwayland-server's users may release what was never used.
                return .allowed("it was released all the same")
            },
            Case("attached-again", "wl_buffer.release: comes for a buffer that is used again and again") { trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let (buffer, other) = (try client.makeBuffer(), try client.makeBuffer(0xff00_ff00))
                for _ in 0..<5 { try client.showAndWait(window, buffer) }
                client.forgetEvents()
                try client.showAndWait(window, buffer)
                try client.showAndWait(window, other)
                try client.mustRelease(buffer)
                return try trial.expect(.served)
            },
            Case("attached-again-uncommitted", "wl_surface.attach: the same buffer again, and then another") { trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let (buffer, other) = (try client.makeBuffer(), try client.makeBuffer(0xff00_ff00))
                try client.showAndWait(window, buffer)
                client.attach(window.surface, buffer)
                try client.showAndWait(window, other)
                try client.mustRelease(buffer)
                return try trial.expect(.served)
            },
            Case("destroyed-while-shown", "wl_buffer.destroy: no event may come for a buffer after delete_id") {
                trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let buffer = try client.makeBuffer()
                try client.showAndWait(window, buffer)
                client.destroy(buffer)
                try trial.mustBeServed("after wl_buffer.destroy")
                client.forgetEvents()
                try client.showAndWait(window, client.makeBuffer(0xff00_ff00))
                client.linger(milliseconds: 100)
                try client.mustNotRelease(buffer)
                return try trial.expect(.served)
            },
            Case("destroyed-before-commit", "wl_buffer.destroy between attach and commit: content is undefined") {
                trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let buffer = try client.makeBuffer()
                client.attach(window.surface, buffer)
                client.destroy(buffer)
                client.commit(window.surface)
                return try trial.expect(.served)
            },
            Case("two-surfaces", "wl_surface.attach: a buffer on two surfaces is released by both") { trial in
                let client = try trial.client()
                let (one, two) = (try Window(client), try Window(client))
                try one.configure()
                try two.configure()
                let (buffer, other) = (try client.makeBuffer(), try client.makeBuffer(0xff00_ff00))
                client.show(one.surface, buffer)
                client.show(two.surface, buffer)
                client.linger(milliseconds: 100)
                client.show(one.surface, other)
                client.show(two.surface, other)
                try client.mustRelease(buffer)
                return try trial.expect(.served)
            },
            Case("frames-in-order", "wl_surface.frame: callbacks come once each, in the order of their commits") {
                trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let buffer = try client.makeBuffer()
                var callbacks: [UInt32] = []
                for _ in 0..<8 {
                    callbacks.append(client.frame(window.surface))
                    client.show(window.surface, buffer)
                }
                guard client.wait(until: { callbacks.allSatisfy(client.isDone) }) else {
                    throw Unmet("\(callbacks.count { !client.isDone($0) }) of 8 callbacks never came")
                }
                let order = client.events.map(\.object).filter(callbacks.contains)
                guard order == callbacks else { throw Unmet("their order is \(order), and not \(callbacks)") }
                return try trial.expect(.served)
            },
        ]
    )
}

extension RawClient {
    /// Shows a buffer, and waits until it is seen.
    func showAndWait(_ window: Window, _ buffer: UInt32) throws {
        let callback = frame(window.surface)
        show(window.surface, buffer)
        guard wait(until: { isDone(callback) }) else {
            throw Unmet("the frame callback never came: \(answer().description)")
        }
    }

    fileprivate func mustRelease(_ buffer: UInt32) throws {
        guard wait(until: { !events(of: buffer, 0).isEmpty }) else {
            throw Unmet("the release never came: \(answer().description)")
        }
    }

    fileprivate func mustNotRelease(_ buffer: UInt32) throws {
        if !events(of: buffer, 0).isEmpty { throw Unmet("wl_buffer.release came") }
    }
}
