internal import Glibc
internal import SharedMemory

extension Group {
    /// Memory that its owner takes away. The server must live, and others must be served; this client may be ended.
    package static let truncation = Group(
        "truncation",
        [
            moment("after-create-pool") { client, file, _ in
                try file.takeAway()
                _ = client.answer()
            },
            moment("after-create-buffer", bufferFirst: true) { client, file, _ in
                try file.takeAway()
                _ = client.answer()
            },
            moment("after-attach", bufferFirst: true, attaches: true) { client, file, _ in
                try file.takeAway()
                _ = client.answer()
            },
            Case("after-commit", rule) { trial in
                try race(trial) { scene in
                    scene.commit()
                    scene.client.linger(milliseconds: 50)
                    try scene.file.takeAway()
                    for _ in 0..<4 {
                        scene.commit()
                        scene.client.linger(milliseconds: 20)
                    }
                }
            },
            Case("right-after-commit", rule) { trial in
                try race(trial) { scene in
                    for _ in 0..<20 {
                        scene.commit()
                        try scene.file.takeAway()
                        scene.client.linger(milliseconds: 10)
                        try scene.file.setSize(Window.size)
                    }
                }
            },
            Case("while-committing", rule) { trial in
                try race(trial) { scene in
                    for _ in 0..<1_500 {
                        scene.commit()
                        try scene.file.takeAway()
                        try scene.file.setSize(Window.size)
                        if scene.client.events.count > 200 { scene.client.forgetEvents() }
                    }
                }
            },
            Case("to-a-part", rule) { trial in
                try race(trial) { scene in
                    scene.commit()
                    try scene.file.takeAway(butFor: 4_096)
                    scene.commit()
                    scene.client.linger(milliseconds: 50)
                }
            },
            Case("after-buffer-destroyed", rule) { trial in
                try race(trial) { scene in
                    scene.commit()
                    scene.client.destroy(scene.buffer)
                    try scene.file.takeAway()
                    scene.client.damage(scene.window.surface)
                    scene.client.commit(scene.window.surface)
                    scene.client.linger(milliseconds: 50)
                }
            },
            Case("and-client-leaves", rule) { trial in
                try race(trial) { scene in
                    scene.commit()
                    try scene.file.takeAway()
                }
            },
            Case("holes-while-committing", "wl_surface.commit: memory whose pages are given back reads as zeros") {
                trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let file = try AnonymousFile.create(name: "holes", size: Window.size)
                let pool = try client.createPool(client.shm(), file.descriptor, size: Int32(Window.size))
                let buffer = client.createBuffer(pool, width: Window.width, height: Window.height)
                for _ in 0..<200 {
                    client.show(window.surface, buffer)
                    file.descriptor.punchHole(Window.size)
                    client.linger(milliseconds: 1)
                }
                return try trial.expect(.served)
            },
            Case("all-holes", "wl_surface.commit: memory that was never written to reads as zeros") { trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let size = 64 << 20
                let file = try AnonymousFile.create(name: "holes", size: size)
                let pool = try client.createPool(client.shm(), file.descriptor, size: Int32(size))
                client.show(window.surface, client.createBuffer(pool, width: 4_096, height: 4_096))
                client.linger(milliseconds: 200)
                return try trial.expect(.served)
            },
            Case("file-grows", "wl_shm_pool: a longer file changes nothing") { trial in
                let client = try trial.client()
                let window = try Window(client)
                try window.configure()
                let file = try AnonymousFile.create(name: "grows", size: Window.size)
                let pool = try client.createPool(client.shm(), file.descriptor, size: Int32(Window.size))
                let buffer = client.createBuffer(pool, width: Window.width, height: Window.height)
                for factor in 2..<40 {
                    try file.descriptor.setSize(Window.size * factor)
                    client.show(window.surface, buffer)
                }
                return try trial.expect(.served)
            },
        ]
    )

    private static let rule = "wl_shm_pool: a file that becomes shorter mustn't harm the server or others"
    private static let outcomes: [Allowed] = [.served, .error(.shmDescriptor), .error(.any), .closed]

    private static let sealed = Verdict.allowed("the server sealed the memory")

    /// A window whose buffer can be taken away.
    private struct Scene: ~Copyable {
        let client: RawClient
        let window: Window
        let file: Descriptor
        let buffer: UInt32

        borrowing func commit() {
            client.show(window.surface, buffer)
            client.takeIn()
        }
    }

    private static func race(_ trial: Trial, _ body: (borrowing Scene) throws -> Void) throws -> Verdict {
        let client = try trial.client()
        let window = try Window(client)
        try window.configure()
        let file = try AnonymousFile.memfd("truncated")
        try file.setSize(Window.size)
        let pool = try client.createPool(client.shm(), file, size: Int32(Window.size))
        let buffer = client.createBuffer(pool, width: Window.width, height: Window.height)
        do { try body(Scene(client: client, window: window, file: file, buffer: buffer)) } catch is SealedByServer {
            return sealed
        }
        return try trial.expect(outcomes)
    }

    private static func moment(
        _ name: String,
        bufferFirst: Bool = false,
        attaches: Bool = false,
        _ body: @escaping @Sendable (RawClient, borrowing Descriptor, UInt32) throws -> Void
    ) -> Case {
        Case(name, rule) { trial in
            let client = try trial.client()
            let window = try Window(client)
            try window.configure()
            let file = try AnonymousFile.memfd("truncated")
            try file.setSize(Window.size)
            let pool = try client.createPool(client.shm(), file, size: Int32(Window.size))
            var buffer: UInt32 = 0
            func makeBuffer() { buffer = client.createBuffer(pool, width: Window.width, height: Window.height) }
            if bufferFirst { makeBuffer() }
            if attaches { client.attach(window.surface, buffer) }
            _ = client.answer()
            do { try body(client, file, buffer) } catch is SealedByServer { return sealed }
            if !bufferFirst { makeBuffer() }
            client.show(window.surface, buffer)
            client.linger(milliseconds: 50)
            client.show(window.surface, buffer)
            return try trial.expect(outcomes)
        }
    }
}

/// The server has made it so that the memory can't shrink any more, as it may.
private struct SealedByServer: Error {}

extension Descriptor {
    /// Makes the file shorter.
    fileprivate borrowing func takeAway(butFor size: Int = 0) throws {
        do { try setSize(size) } catch let error as SystemError {
            throw error.errno == .notPermitted ? SealedByServer() as any Error : error
        }
    }
}
