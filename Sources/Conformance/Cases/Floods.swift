internal import SharedMemory

extension Group {
    /// More than a server can want, and answers that nobody reads. The server may end the client at any time; a
    /// bystander's round trips must stay short.
    package static let floods = Group(
        "floods",
        [
            flooded("sync", "wl_display.sync, read") { client, _ in
                for _ in 0..<500 { client.send(1, 0, [client.newObject("wl_callback")]) }
            },
            flooded("registries", "wl_display.get_registry, read") { client, _ in
                for _ in 0..<100 { client.send(1, 1, [client.newObject("wl_registry")]) }
            },
            flooded("surfaces", "wl_compositor.create_surface, none destroyed") { client, _ in
                for _ in 0..<250 { _ = try client.createSurface() }
            },
            flooded("surfaces-destroyed", "wl_compositor.create_surface, and destroyed at once") { client, _ in
                for _ in 0..<250 { client.destroy(try client.createSurface()) }
            },
            flooded("regions", "wl_compositor.create_region, none destroyed") { client, _ in
                for _ in 0..<500 { client.send(try client.createRegion(), 1, [0, 0, 10, 10]) }
            },
            flooded("pools", "wl_shm.create_pool, none destroyed") { client, _ in
                let file = try AnonymousFile.create(name: "flood", size: 4_096)
                for _ in 0..<20 where client.isOpen {
                    _ = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                    client.takeIn()
                }
            },
            flooded("frames", "wl_surface.frame, committed") { client, round in
                if round == 0 { _ = try Window.shown(client) }
                let surface = client.interfaces.first { $0.value == "wl_surface" }!.key
                for _ in 0..<200 { _ = client.frame(surface) }
                client.commit(surface)
            },
            flooded("titles", "xdg_toplevel.set_title of 3,000 bytes") { client, round in
                if round == 0 { _ = try Window.shown(client) }
                let toplevel = client.interfaces.first { $0.value == "xdg_toplevel" }!.key
                let title = RawRequest.text(String(repeating: "w\(round % 10)", count: 1_500))
                for _ in 0..<20 { client.send(toplevel, 2, title) }
            },
            flooded("commits", "wl_surface.commit with damage, without an end") { client, round in
                if round == 0 { _ = try Window.shown(client) }
                let surface = client.interfaces.first { $0.value == "wl_surface" }!.key
                for _ in 0..<200 {
                    client.damage(surface)
                    client.commit(surface)
                }
            },
            flooded("windows", "xdg_toplevel, each shown") { client, round in
                for _ in 0..<4 { _ = try Window(client) }
            },
            deaf("sync-unread", "wl_display.sync, and nothing is read") { RawRequest.words(1, 0, [$0]) },
            deaf("registries-unread", "wl_display.get_registry, and nothing is read") { RawRequest.words(1, 1, [$0]) },
            Case("frames-unread", "wl_display: a client that never reads, and has a window", limit: 30) { trial in
                let client = try trial.client()
                let window = try Window.shown(client)
                let buffer = try client.makeBuffer()
                var next = client.newObject("wl_callback")
                var words: [UInt32] = []
                for _ in 0..<200 {
                    words +=
                        RawRequest.words(window.surface, 3, [next])
                        + RawRequest.words(window.surface, 1, [buffer, 0, 0])
                    words += RawRequest.words(window.surface, 2, [0, 0, 64, 48]) + RawRequest.words(window.surface, 6)
                    next += 1
                }
                var isSent = false
                return try trial.longestWait {
                    defer { isSent = true }
                    if !isSent { client.socket.send(words) }
                    return !isSent
                }
            },
            Case("half-messages", "wl_display: 100 clients that send half of a message, and then nothing") { trial in
                var clients: [RawClient] = []
                return try trial.longestWait {
                    for _ in 0..<10 where clients.count < 100 {
                        guard let client = try? trial.connect() else { return false }
                        client.socket.send(bytes: [1, 0, 0, 0, 1, 0, 12])
                        clients.append(client)
                    }
                    return clients.count < 100
                }
            },
            Case("bytes", "wl_display: a client that sends byte by byte") { trial in
                let client = try trial.client()
                let words = RawRequest.words(1, 0, [client.newObject("wl_callback")])
                for word in words {
                    for shift in [UInt32(0), 8, 16, 24] {
                        client.socket.send(bytes: [UInt8(truncatingIfNeeded: word >> shift)])
                        client.linger(milliseconds: 2)
                    }
                }
                return try trial.expect(.served)
            },
            Case("connections", "wl_display: 600 clients, one after the other") { trial in
                var count = 0
                return try trial.longestWait {
                    for _ in 0..<30 {
                        let client = try trial.connect()
                        client.send(1, 1, [2])
                    }
                    count += 30
                    return count < 600
                }
            },
        ]
    )

    private static func flooded(
        _ name: String,
        _ rule: String,
        send: @escaping @Sendable (RawClient, Int) throws -> Void
    ) -> Case {
        Case(name, "wl_display: \(rule)", limit: 30) { trial in try trial.cost(rounds: 60, send) }
    }

    /// Requests whose answers stay in the socket.
    private static func deaf(_ name: String, _ rule: String, request: @escaping @Sendable (UInt32) -> [UInt32]) -> Case
    {
        Case(name, "wl_display: \(rule)", limit: 30) { trial in
            let client = try trial.connect()
            var (next, round) = (UInt32(2), 0)
            var rest: [UInt8] = []
            return try trial.longestWait {
                if rest.isEmpty {
                    for _ in 0..<400 {
                        rest += request(next).flatMap { word in
                            (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
                        }
                        next += 1
                    }
                }
                rest.removeFirst(max(0, client.socket.send(bytes: rest)))
                round += 1
                return round < 150
            }
        }
    }
}
