internal import SharedMemory

extension Group {
    /// wl_shm_pool.resize.
    package static let resizing = Group(
        "resize",
        [
            Case("grow", "wl_shm_pool.resize: memory that was added can be used") { trial in
                let client = try trial.client()
                var file = try AnonymousFile.create(name: "pool", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                let early = client.createBuffer(pool)
                try file.grow(to: Window.size * 2)
                client.resize(pool, to: Int32(Window.size * 2))
                let window = try Window(client)
                try window.configure()
                let offset = Int32(Window.size)
                for buffer in [early, client.createBuffer(pool, offset: offset, width: 64, height: 48)] {
                    let frame = client.frame(window.surface)
                    client.show(window.surface, buffer)
                    try client.awaitFrame(frame, or: buffer)
                }
                return try trial.expect(.served)
            },
            resized(
                "shrink",
                2_048,
                "can only be used to make the pool bigger",
                [.error(.shmDescriptor), .error(.any)]
            ),
            resized("zero", 0, "can only be used to make the pool bigger", [.error(.shmDescriptor), .error(.any)]),
            resized(
                "negative",
                -1,
                "can only be used to make the pool bigger",
                [.error(.shmDescriptor), .error(.any)]
            ),
            resized(
                "lowest",
                .min,
                "can only be used to make the pool bigger",
                [.error(.shmDescriptor), .error(.any)]
            ),
            resized("same", 4_096, "the same size", [.served, .error(.shmDescriptor)]),
            Case("past-file", "wl_shm_pool.resize: beyond the end of the file, and shown from there") { trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                client.resize(pool, to: 1 << 20)
                let window = try Window(client)
                if client.answer() == .served {
                    try window.configure()
                    client.show(window.surface, client.createBuffer(pool, offset: 65_536, width: 64, height: 48))
                    client.linger(milliseconds: 100)
                }
                return try trial.expect(.served, .error(.shmDescriptor), .error(.noMemory), .error(.any), .closed)
            },
            Case("past-sealed-file", "wl_shm_pool.resize: beyond the end of a file that is sealed against growing") {
                trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: 4_096, seals: [.shrink, .grow])
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                client.resize(pool, to: .max)
                return try trial.expect(.served, .error(.shmDescriptor), .error(.noMemory))
            },
            Case("often", "wl_shm_pool.resize: 500 times by a page, with a buffer each") { trial in
                let client = try trial.client()
                var file = try AnonymousFile.create(name: "pool", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                let window = try Window(client)
                try window.configure()
                for count in 2..<502 {
                    try file.grow(to: 4_096 * count)
                    client.resize(pool, to: Int32(4_096 * count))
                    let buffer = client.createBuffer(pool, offset: Int32(4_096 * (count - 1)))
                    client.show(window.surface, buffer)
                    client.destroy(buffer)
                    // Commits may have to wait for memory to be read.
                    if count % 16 == 0 { try trial.mustBeServed("after \(count) sizes") }
                }
                return try trial.expect(.served)
            },
            Case("pool-destroyed-then-resized", "wl_shm_pool.resize of a destroyed pool: invalid_object") { trial in
                let client = try trial.client()
                let file = try AnonymousFile.create(name: "pool", size: 4_096)
                let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
                client.destroy(pool)
                client.resize(pool, to: 8_192)
                return try trial.expect(.error(.invalidObject))
            },
        ]
    )

    private static func resized(_ name: String, _ size: Int32, _ rule: String, _ allowed: [Allowed]) -> Case {
        Case(name, "wl_shm_pool.resize to \(size): \(rule)") { trial in
            let client = try trial.client()
            let file = try AnonymousFile.create(name: "pool", size: 4_096)
            let pool = try client.createPool(client.shm(), file.descriptor, size: 4_096)
            client.resize(pool, to: size)
            let verdict = try trial.expect(allowed)
            return verdict
        }
    }
}
