internal import SharedMemory

extension Group {
    /// Arguments that don't have the kind that the request says.
    package static let arguments = Group(
        "arguments",
        [
            wrong("new-id-zero", "new_id 0") { $0.send(1, 0, [0]) },
            wrong("new-id-in-use", "new_id of an object that lives") { client in
                client.send(1, 0, [client.registry])
            },
            wrong("new-id-of-display", "new_id 1") { $0.send(1, 0, [1]) },
            wrong("new-id-of-server", "new_id in the server's range") { $0.send(1, 0, [0xff00_0001]) },
            wrong("new-id-largest", "new_id 0xffffffff") { $0.send(1, 0, [.max]) },
            Case("new-id-sparse", "wire format: a new_id that leaves others out may be refused") { trial in
                let client = try trial.client()
                client.send(1, 0, [0x00ab_cdef])
                return try trial.expect(.served, .error(.invalidMethod), .error(.invalidObject), .error(.noMemory))
            },
            wrong("new-id-twice", "the same new_id in two requests") { client in
                let compositor = try client.compositor()
                let surface = client.newObject("wl_surface")
                client.send(compositor, 0, [surface])
                client.send(compositor, 0, [surface])
            },
            Case("new-id-reused", "wl_display.delete_id: the number can be used again, for another interface") {
                trial in
                let client = try trial.client()
                let surface = try client.createSurface()
                client.destroy(surface)
                // It may come with the next answer only.
                try trial.mustBeServed("wl_surface.destroy")
                guard client.wait(until: { client.events(of: 1, 1).contains { $0.words == [surface] } }) else {
                    throw Unmet("delete_id never came")
                }
                client.send(try client.compositor(), 1, [surface])
                client.send(surface, 1, [0, 0, 5, 5])
                client.send(surface, 0)
                return try trial.expect(.served)
            },
            wrong("object-null", "object 0 where it can't be: wl_subcompositor.get_subsurface") { client in
                let subcompositor = try client.bindOnce("wl_subcompositor")
                client.send(subcompositor, 1, [client.newObject("wl_subsurface"), 0, 0])
            },
            wrong("object-unknown", "an argument that names no object") { client in
                client.send(try client.createSurface(), 1, [0x4321, 0, 0])
            },
            wrong("object-of-other-interface", "a surface for a buffer") { client in
                let surface = try client.createSurface()
                client.send(surface, 1, [surface, 0, 0])
            },
            wrong("string-null", "a null string where it can't be: xdg_toplevel.set_title") { client in
                client.send(try Window(client).toplevel, 2, [0])
            },
            wrong("string-without-end", "a string without NUL") { client in
                client.send(try Window(client).toplevel, 2, [4, 0x6161_6161])
            },
            wrong("string-beyond-message", "a string longer than its message") { client in
                client.send(try Window(client).toplevel, 2, [4_000, 0x0061_6161])
            },
            wrong("string-largest", "a string of 0xffffffff bytes") { client in
                client.send(try Window(client).toplevel, 2, [.max, 0x0061_6161])
            },
            Case("string-not-utf8", "xdg_toplevel.set_title: the string must be UTF-8") { trial in
                let client = try trial.client()
                client.send(try Window(client).toplevel, 2, [8, 0xfffe_c0ff, 0x00e2_82ed])
                return try trial.expect(.served, .error(.any))
            },
            Case("string-with-control-characters", "xdg_toplevel.set_title: escape sequences in a title") { trial in
                let client = try trial.client()
                let window = try Window(client)
                client.send(window.toplevel, 2, RawRequest.text("\u{1b}[2J\u{1b}]0;title\u{7}\n%s%n"))
                try window.configure()
                client.show(window.surface, try client.makeBuffer())
                return try trial.expect(.served)
            },
            bound("bind-unknown", "wl_registry.bind of a name that isn't there") {
                [9_999] + RawRequest.text("wl_shm") + [1, $0]
            },
            Case("bind-other-interface", "wl_registry.bind: a name with another's interface") { trial in
                let client = try trial.client()
                let name = try client.globalName("wl_shm")
                let object = client.newObject("wl_compositor")
                client.send(client.registry, 0, [name] + RawRequest.text("wl_compositor") + [1, object])
                return try trial.expect(.error(.invalidObject), .error(.invalidMethod))
            },
            Case("bind-version-zero", "wl_registry.bind: version 0") { trial in
                let client = try trial.client()
                let name = try client.globalName("wl_shm")
                let object = client.newObject("wl_shm")
                client.send(client.registry, 0, [name] + RawRequest.text("wl_shm") + [0, object])
                return try trial.expect(.error(.invalidObject), .error(.invalidMethod))
            },
            Case("bind-newer", "wl_registry.bind: a version newer than announced") { trial in
                let client = try trial.client()
                let name = try client.globalName("wl_shm")
                let object = client.newObject("wl_shm")
                client.send(client.registry, 0, [name] + RawRequest.text("wl_shm") + [999, object])
                return try trial.expect(.error(.invalidObject), .error(.invalidMethod))
            },
        ]
    )

    private static func wrong(
        _ name: String,
        _ rule: String,
        send: @escaping @Sendable (RawClient) throws -> Void
    ) -> Case {
        Case(name, "wire format: \(rule); invalid_method or invalid_object") { trial in
            let client = try trial.client()
            _ = try client.version(of: "wl_compositor")
            try send(client)
            return try trial.expect(.error(.invalidMethod), .error(.invalidObject))
        }
    }

    private static func bound(
        _ name: String,
        _ rule: String,
        arguments: @escaping @Sendable (UInt32) -> [UInt32]
    ) -> Case {
        Case(name, rule) { trial in
            let client = try trial.client()
            _ = try client.version(of: "wl_shm")
            client.send(client.registry, 0, arguments(client.newObject("wl_shm")))
            return try trial.expect(.error(.invalidObject), .error(.invalidMethod))
        }
    }
}
